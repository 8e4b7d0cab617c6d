using ChunkStream.DurableStreams.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream.App;

/// <summary>
/// Every endpoint, once: the local host maps this table, and the function app has one method an entry, which a test
/// compares with it.
/// </summary>
public static class EndpointTable
{
    private static readonly string[] Read = ["GET", "HEAD"];
    private static readonly string[] ReadAndWrite = [.. Read, "PUT", "POST", "DELETE"];

    /// <summary>Where the declared queries are, under the API's address.</summary>
    internal const string QueryPrefix = "queries/";

    /// <summary>
    /// Where those are that need no key. A route of their own, since on Azure a route's function says whether a key is needed,
    /// and its keys are known to the platform alone.
    /// </summary>
    internal const string PublicQueryPrefix = "public/queries/";

    /// <summary>Where the durable streams are.</summary>
    internal const string StreamPrefix = "streams/";

    /// <summary>Where they can be read without a key, if the operator allows it.</summary>
    internal const string PublicStreamPrefix = "public/streams/";

    /// <summary>Where the page is, under the API's address.</summary>
    public const string UiRoute = "ui";

    /// <summary>All endpoints.</summary>
    public static IReadOnlyList<StreamEndpoint> All { get; } =
    [
        new("stream", "stream", Read, EndpointAccess.Anonymous, [new("stream?chunks=10&intervalMs=1000")],
            (endpoints, request, cancellation) => endpoints.Stream(request, cancellation)),
        new("json-stream", "json-stream", Read, EndpointAccess.Anonymous, [new("json-stream?chunks=5&intervalMs=1000")],
            (endpoints, request, cancellation) => endpoints.JsonStream(request, cancellation)),
        new("db-stream", "db-stream", Read, EndpointAccess.Function, [new("db-stream")],
            (endpoints, request, cancellation) => endpoints.DbStream(request, cancellation)),
        new("queries", "queries", Read, EndpointAccess.Function, [new("queries")],
            (endpoints, request, cancellation) => endpoints.Queries(request, cancellation)),
        new("query", QueryPrefix + "{name}", Read, EndpointAccess.Function, [new(QueryPrefix + "large_table?limit=10")],
            (endpoints, request, cancellation) => endpoints.Query(request, cancellation)),
        new("public-query", PublicQueryPrefix + "{name}", Read, EndpointAccess.Anonymous, [new(PublicQueryPrefix + "series?count=10")],
            (endpoints, request, cancellation) => endpoints.PublicQuery(request, cancellation)),
        new("streams", StreamPrefix + "{*path}", ReadAndWrite, EndpointAccess.Function,
            [
                new(StreamPrefix + "example", "-X PUT -H \"Content-Type: text/plain\" -d \"Hello\""),
                new(StreamPrefix + "example"),
            ],
            (endpoints, request, cancellation) => endpoints.Streams(request, cancellation)),
        new("public-streams", PublicStreamPrefix + "{*path}", Read, EndpointAccess.Anonymous, [],
            (endpoints, request, cancellation) => endpoints.PublicStreams(request, cancellation)),
        new("health", "health", Read, EndpointAccess.Anonymous, [new("health")],
            (endpoints, request, cancellation) => endpoints.Health(request, cancellation)),
        new("ui", UiRoute + "/{*path}", Read, EndpointAccess.Anonymous, [],
            (endpoints, request, cancellation) => endpoints.Ui(request, cancellation)),
    ];

    /// <summary>
    /// The headers of our responses that a page of another origin may read, beside those that the browser shows it anyhow:
    /// for a host that answers such pages.
    /// </summary>
    public static IReadOnlyList<string> ExposedHeaders { get; } = StreamHeaders.Exposed;
}

/// <summary>Who may call an endpoint.</summary>
public enum EndpointAccess
{
    /// <summary>Everyone.</summary>
    Anonymous,

    /// <summary>Whoever has a function key: header <c>x-functions-key</c>, or <c>?code=</c>.</summary>
    Function,
}

/// <summary>One endpoint.</summary>
/// <param name="Name">The function's name.</param>
/// <param name="Route">The route under the prefix of host.json.</param>
/// <param name="Methods">The HTTP methods; any other is refused.</param>
/// <param name="Access">Who may call it.</param>
/// <param name="Examples">Calls worth trying, which succeed in this order; none where a setting must allow them first.</param>
/// <param name="Handler">The handler.</param>
public sealed record StreamEndpoint(
    string Name,
    string Route,
    IReadOnlyList<string> Methods,
    EndpointAccess Access,
    IReadOnlyList<ExampleCall> Examples,
    Func<StreamEndpoints, HttpRequest, CancellationToken, IResult> Handler)
{
    /// <summary>Calls the handler with the endpoints of a container.</summary>
    public IResult Handle(IServiceProvider services, HttpRequest request, CancellationToken cancellation)
        => Handler(services.GetRequiredService<StreamEndpoints>(), request, cancellation);
}

/// <summary>A call to try.</summary>
/// <param name="Address">Route and query.</param>
/// <param name="Options">
/// What curl is told beside the address, in a form that holds in sh, cmd and PowerShell. Default: to show each chunk when it comes.
/// </param>
public sealed record ExampleCall(string Address, string Options = "-N");
