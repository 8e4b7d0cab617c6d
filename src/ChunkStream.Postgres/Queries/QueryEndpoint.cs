using ChunkStream.Formats;
using ChunkStream.Http;
using ChunkStream.Identity;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Cursors;
using ChunkStream.Postgres.Failures;
using ChunkStream.Postgres.Rows;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream.Postgres.Queries;

/// <summary>Answers requests for declared queries.</summary>
internal sealed class QueryEndpoint(
    QueryCatalogue catalogue, PostgresDatabase database, LiveEndpoint live, TimeProvider time)
{
    /// <summary>What an app is told that lacks <c>AddQueries()</c>.</summary>
    public const string NotRegistered =
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
        => Find(name, place, call => Answer(request, call, place));

    /// <summary>Finds a query and its caller, or says why the request is refused.</summary>
    /// <param name="name">The query's name.</param>
    /// <param name="place">The endpoint at which it is asked for.</param>
    /// <param name="answer">Answers the request.</param>
    public IResult Find(string name, QueryPlace place, Func<QueryCall, IResult> answer)
    {
        var declared = catalogue.Find(name);
        if (declared is null || (place.IsPublic && declared.File?.Header.Access is null or QueryAccess.Function))
            return new RefusedStream(place.Endpoint, Problem.NotFound(place.Missing(name)));
        if (declared.File is not { } file)
            return new RefusedStream(place.Endpoint, Problem.BrokenQuery(place.Broken(declared.FileName)));

        return file.Header.Access is QueryAccess.User
            ? new CallerResult(
                $"{place.Endpoint}/{file.Name}", caller => answer(new QueryCall(declared, file, caller, false)))
            : answer(new QueryCall(
                declared, place.IsPublic ? catalogue.ForEveryone(file) : file, Caller: null, place.IsPublic));
    }

    /// <summary>Completes a run of a query by what the endpoint knows.</summary>
    /// <param name="call">The query and its caller.</param>
    /// <param name="run">The run as the request asks for it.</param>
    public QueryRun Complete(QueryCall call, QueryRun run) => run with
    {
        IsAnonymous = call.IsAnonymous,
        IsKeyProven = token => catalogue.IsKeyProvenAsync(call.Declared, run.Query.RunsAs, token),
        WhyRefused = async token => QueryRequest.Refused(
            await catalogue.Check.RefusedAsync(call.File, run.Query, token).ConfigureAwait(false)),
    };

    /// <summary>
    /// Why Postgres does not take the values of a run's parameters; null if it does. A HEAD asks this, because it runs
    /// no query that would find out.
    /// </summary>
    /// <param name="call">The query and its caller.</param>
    /// <param name="run">The completed run.</param>
    /// <param name="cancellation">Ends the asking.</param>
    public async Task<Problem?> WhyNotAsync(QueryCall call, QueryRun run, CancellationToken cancellation)
    {
        // The file's own values were checked with the file.
        var declared = call.File.Header.Parameters;
        if (declared.All(parameter => parameter.Claim is null)
            && declared.Select(parameter => parameter.Default).SequenceEqual(run.Query.Parameters))
            return null;

        try
        {
            using var _ = await database.Slots.EnterAsync(isNewcomer: true, call.IsAnonymous, cancellation)
                .ConfigureAwait(false);
            return await run.WhyRefused!(cancellation).ConfigureAwait(false);
        }
        catch (Exception failure) when (!cancellation.IsCancellationRequested)
        {
            return PostgresFailures.Describe(failure);
        }
    }

    // A body is read only for those who may ask. At an endpoint of the app's own the body is the app's.
    private IResult Answer(HttpRequest request, QueryCall call, QueryPlace place)
        => HttpMethods.IsPost(request.Method) && place.Options is null
            ? new PostedResult(
                $"{place.Endpoint}/{call.File.Name}", call.File, Options.MaxParameterBytes, time,
                parameters => Answer(request, parameters, call, place))
            : Answer(
                request,
                new RequestParameters(request.Query) { IgnoresOthers = place.Options is not null },
                call,
                place);

    private IResult Answer(
        HttpRequest request, RequestParameters parameters, QueryCall call, QueryPlace place)
    {
        var (declared, file, caller, isAnonymous) = call;
        var mode = QueryRequest.ReadLive(file, parameters);
        var format = LiveEndpoint.DefaultFormat(mode) ?? place.Options?.DefaultFormat ?? StreamFormats.Ndjson;
        var asked = StreamRequest.Read(request, parameters, format, file.Name);
        var (asks, refused) = QueryRequest.Read(
            file, place.Values, parameters, asked, catalogue.Options, caller, mode);
        var run = Complete(call, asks) with
        {
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
            Check = token => WhyNotAsync(call, run, token),
            MaxDuration = place.Options?.MaxDuration,
            Origin = run.Origin,
            SharedFor = mode is LiveMode.Poll && isAnonymous && LiveEndpoint.IsSharedPoll(request, asked)
                ? LiveEndpoint.SharedPollTime
                : null,
        };
        return asked.Answer(stream, refused);
    }

    /// <summary>The catalogue of the queries.</summary>
    /// <param name="request">The request.</param>
    /// <param name="paths">Where the queries are.</param>
    public IResult Catalogue(HttpRequest request, QueryPaths paths)
        => new RequestParameters(request.Query).Problem() is { } problem
            ? new ProblemResult(problem)
            : new CatalogueResult(catalogue, paths);
}

/// <summary>A query that is asked for.</summary>
/// <param name="Declared">The query.</param>
/// <param name="File">Its file, with the bounds that it has at the endpoint.</param>
/// <param name="Caller">Who asks; null where the query is not for users.</param>
/// <param name="IsAnonymous">Whether nobody knows who asks, and no key was given.</param>
internal sealed record QueryCall(DeclaredQuery Declared, QueryFile File, Caller? Caller, bool IsAnonymous);
