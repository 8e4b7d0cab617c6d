using ChunkStream.Formats;
using ChunkStream.Http;
using ChunkStream.Identity;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Cursors;
using ChunkStream.Postgres.Failures;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream.Postgres.Queries;

/// <summary>Answers requests for declared queries.</summary>
internal sealed class QueryEndpoint(
    QueryCatalogue catalogue, PostgresDatabase database, LiveEndpoint live, TimeProvider time)
{
    private const string NotRegistered =
        "Declared queries are not registered: call AddQueries() on what AddChunkStream() gives.";

    /// <summary>Finds the endpoint in the services of a request.</summary>
    /// <exception cref="InvalidOperationException">The app lacks <c>AddQueries()</c>.</exception>
    public static QueryEndpoint From(HttpContext http)
        => http.RequestServices.GetService<QueryEndpoint>() ?? throw new InvalidOperationException(NotRegistered);

    /// <summary>
    /// Fails when routes are mapped, and not only at the first request, if the app has no declared queries.
    /// </summary>
    /// <exception cref="InvalidOperationException">The app lacks <c>AddQueries()</c>.</exception>
    public static void ThrowIfMissing(IServiceProvider services)
    {
        if (services.GetService<IServiceProviderIsService>()?.IsService(typeof(QueryEndpoint)) is false)
            throw new InvalidOperationException(NotRegistered);
    }

    /// <summary>The settings of the queries.</summary>
    public QueryOptions Options => catalogue.Options;

    /// <summary>The rows of a query, or why the request is refused.</summary>
    /// <param name="request">The request.</param>
    /// <param name="name">The query's name.</param>
    /// <param name="place">The endpoint at which it is asked for.</param>
    public IResult Answer(HttpRequest request, string name, QueryPlace place)
    {
        var declared = catalogue.Find(name);
        if (declared is null || (place.IsPublic && declared.File?.Header.Access is null or QueryAccess.Function))
            return new RefusedStream(place.Endpoint, Problem.NotFound(place.Missing(name)));
        if (declared.File is not { } file)
            return new RefusedStream(place.Endpoint, Problem.BrokenQuery(place.Broken(declared.FileName)));

        return file.Header.Access is QueryAccess.User
            ? new CallerResult(
                $"{place.Endpoint}/{file.Name}", caller => Answer(request, declared, file, place, caller))
            : Answer(request, declared, place.IsPublic ? catalogue.ForEveryone(file) : file, place, caller: null);
    }

    // A body is read only for those who may ask. At an endpoint of the app's own the body is the app's.
    private IResult Answer(
        HttpRequest request, DeclaredQuery declared, QueryFile file, QueryPlace place, Caller? caller)
        => HttpMethods.IsPost(request.Method) && place.Options is null
            ? new PostedResult(
                $"{place.Endpoint}/{file.Name}", file, Options.MaxParameterBytes, time,
                parameters => Answer(request, parameters, declared, file, place, caller))
            : Answer(
                request, new RequestParameters(request.Query) { IgnoresOthers = place.Options is not null },
                declared, file, place, caller);

    private IResult Answer(
        HttpRequest request, RequestParameters parameters, DeclaredQuery declared, QueryFile file, QueryPlace place,
        Caller? caller)
    {
        var isAnonymous = place.IsPublic && caller is null;
        var mode = QueryRequest.ReadLive(file, parameters);
        var format = LiveEndpoint.DefaultFormat(mode) ?? place.Options?.DefaultFormat ?? StreamFormats.Ndjson;
        var asked = StreamRequest.Read(request, parameters, format, file.Name);
        var (asks, refused) = QueryRequest.Read(
            file, place.Values, parameters, asked, catalogue.Options, caller, mode);
        var run = asks with
        {
            IsAnonymous = isAnonymous,
            IsKeyProven = token => catalogue.IsKeyProvenAsync(declared, asks.Query.RunsAs, token),
            WhyRefused = WhyRefusedAsync,
            Describe = ProblemOfApp.Describer(place.Options?.DescribeFailure, request.HttpContext.RequestServices),
        };
        if (mode is not LiveMode.None)
            refused ??= LiveEndpoint.Refusal(asked, run);
        var stream = new OfferedStream(
            $"{place.Endpoint}/{file.Name}",
            (encoding, token) => mode is LiveMode.None
                ? new CursorSource(database, run, encoding, time, token)
                : live.Open(declared, run, mode, token))
        {
            Check = WhyNotAsync,
            MaxDuration = place.Options?.MaxDuration,
            Origin = run.Origin,
        };
        return asked.Answer(stream, refused);

        // HEAD asks this, because it runs no query that would find out. Defaults from the file were checked with the
        // file.
        async Task<Problem?> WhyNotAsync(CancellationToken token)
        {
            if (place.Values.Count == 0
                && !file.Header.Parameters.Any(
                    parameter => parameter.Claim is not null || request.Query.ContainsKey(parameter.Name)))
                return null;

            try
            {
                using var _ = await database.Slots.EnterAsync(isNewcomer: true, isAnonymous, token)
                    .ConfigureAwait(false);
                return await WhyRefusedAsync(token).ConfigureAwait(false);
            }
            catch (Exception failure) when (!token.IsCancellationRequested)
            {
                return PostgresFailures.Describe(failure);
            }
        }

        async Task<Problem?> WhyRefusedAsync(CancellationToken token)
        {
            var refusals = await catalogue.Check.RefusedAsync(file, asks.Query, token)
                .ConfigureAwait(false);
            return QueryRequest.Refused(refusals);
        }
    }

    /// <summary>The catalogue of the queries.</summary>
    /// <param name="request">The request.</param>
    /// <param name="paths">Where the queries are.</param>
    public IResult Catalogue(HttpRequest request, QueryPaths paths)
        => new RequestParameters(request.Query).Problem() is { } problem
            ? new ProblemResult(problem)
            : new CatalogueResult(catalogue, paths);
}
