using ChunkStream.Http;
using ChunkStream.Postgres.Queries;
using ChunkStream.Postgres.Requests;
using ChunkStream.Postgres.Resuming;
using ChunkStream.Postgres.Rows;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream.Postgres.Shapes;

/// <summary>Answers clients that follow a live query in a protocol of others.</summary>
internal sealed class ShapeEndpoint(QueryEndpoint queries, LiveEndpoint live, TimeProvider time)
{
    // Readers of one shape ask the same things at about the same time. A cache before the server answers most of them.
    private const string Shared = "public, max-age=5, no-transform";

    /// <summary>Finds the endpoint in the services of a request.</summary>
    /// <exception cref="InvalidOperationException">The app lacks <c>AddQueries()</c>.</exception>
    public static ShapeEndpoint From(HttpContext http) => http.RequestServices.GetService<ShapeEndpoint>()
        ?? throw new InvalidOperationException(QueryEndpoint.NotRegistered);

    /// <summary>Maps <c>{prefix}/{name}</c> for clients of a protocol.</summary>
    /// <param name="endpoints">The app, or a group of its routes.</param>
    /// <param name="prefix">What stands before a query's name.</param>
    /// <param name="place">The endpoint.</param>
    /// <param name="read">Reads the protocol's part of a request.</param>
    /// <exception cref="InvalidOperationException">The app lacks <c>AddQueries()</c>.</exception>
    public static RouteGroupBuilder Map(
        IEndpointRouteBuilder endpoints, string prefix, QueryPlace place, ReadDialect read)
    {
        var group = QueryMapping.Group(endpoints, prefix);
        QueryMapping.Map(
            group,
            QueryMapping.ReadMethods,
            place,
            (http, name, complete) => From(http).Answer(name, complete, read));
        return group;
    }

    /// <summary>Answers a request.</summary>
    /// <param name="name">The query's name.</param>
    /// <param name="place">The endpoint at which it is asked for.</param>
    /// <param name="read">Reads the protocol's part of the request.</param>
    public IResult Answer(string name, QueryPlace place, ReadDialect read)
        => queries.Find(name, place, call => new ShapeResult(http => Answer(http, call, place, read)));

    private (IResult Answer, ShapeDialect Dialect) Answer(
        HttpContext http, QueryCall call, QueryPlace place, ReadDialect read)
    {
        var (file, name) = (call.File, $"{place.Endpoint}/{call.File.Name}");
        var parameters = new RequestParameters(http.Request.Query);
        var dialect = read(parameters, file.Name, time);
        var values = ShapeParameters.Read(call, place.Values, parameters, dialect);
        var (runsAs, refused) = QueryUser.Read(file, queries.Options, call.Caller);
        var run = new QueryRun(file.ToQuery(values) with { RunsAs = runsAs, GivesTexts = dialect.GivesTexts })
        {
            ExactNumbers = dialect.ExactNumbers,
            IsLive = true,
        };
        var identity = new ResumeIdentity(
            queries.Options.ResumeKey, file.Name, QueryUser.Definition(file, queries.Options));
        run = queries.Complete(call, run with { Tokens = RowsRequest.Tokens(run, identity) });
        var problem = file.Header.Live is null ? ShapeProblems.NotLive(file.Name)
            : parameters.Problem() ?? refused ?? (run.Tokens is null ? LiveEndpoint.NoSecret : null);
        if (problem is null && dialect.Position is { } position)
        {
            // Which of the reasons it was does not matter to a client: in each of them it has to begin anew.
            if (run.Tokens!.Read(position, columns: 1, out var known) is ResumeTokenState.Valid)
                run = run with { Since = known!.Values[0] };
            else
                problem = ShapeProblems.MustRefetch;
        }

        if (problem is not null)
            return (new RefusedStream(name, problem, dialect.Refuse(problem)), dialect);

        dialect.Identify(run.Tokens!.Fingerprint);
        var stream = new OfferedStream(
            name,
            (_, token) => new ShapeSource(
                live.Open(call.Declared, run, PollTime(dialect.Wait), token),
                [.. run.Query.Key.Select(column => column.Name)],
                run.Tokens!,
                dialect,
                (schema, offset) =>
                {
                    if (call.IsAnonymous && dialect.Wait is not ShapeWait.Events)
                    {
                        http.Response.Headers.CacheControl = Shared;
                        StreamResult.TellOriginsApart(http.Response);
                    }

                    dialect.SetHeaders(http.Response, schema, offset);
                }))
        {
            NeedsFirstRecord = true,
            Check = token => queries.WhyNotAsync(call, run, token),
            Refuse = dialect.Refuse,
        };
        return (new StreamResult(stream, dialect.Format), dialect);
    }

    private TimeSpan? PollTime(ShapeWait wait) => wait switch
    {
        ShapeWait.None => TimeSpan.Zero,
        ShapeWait.Poll => live.PollTime,
        _ => null,
    };
}

/// <summary>An answer about a shape, whose headers pages of other origins may read.</summary>
/// <param name="answer">Gives the answer.</param>
internal sealed class ShapeResult(Func<HttpContext, (IResult Answer, ShapeDialect Dialect)> answer) : IResult
{
    /// <inheritdoc />
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        var (result, dialect) = answer(httpContext);

        // Azure's CORS setting can't expose headers. Whatever the answer becomes, also a problem, has this one.
        httpContext.Response.OnStarting(() =>
        {
            httpContext.Response.Headers.AccessControlExposeHeaders = dialect.ExposedHeaders;
            return Task.CompletedTask;
        });
        return result.ExecuteAsync(httpContext);
    }
}
