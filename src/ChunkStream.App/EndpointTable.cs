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
            (endpoints, request) => endpoints.Stream(request)),
        new("json-stream", "json-stream", Read, EndpointAccess.Anonymous, [new("json-stream?chunks=5&intervalMs=1000")],
            (endpoints, request) => endpoints.JsonStream(request)),
        new("db-stream", "db-stream", Read, EndpointAccess.Function, [new("db-stream")],
            (endpoints, request) => endpoints.DbStream(request)),
        new("queries", "queries", Read, EndpointAccess.Function, [new("queries")],
            (endpoints, request) => endpoints.Queries(request)),
        new("query", QueryPrefix + "{name}", Read, EndpointAccess.Function, [new(QueryPrefix + "large_table?limit=10")],
            (endpoints, request) => endpoints.Query(request)),
        new("public-query", PublicQueryPrefix + "{name}", Read, EndpointAccess.Anonymous, [new(PublicQueryPrefix + "series?count=10")],
            (endpoints, request) => endpoints.PublicQuery(request)),
        new("streams", StreamPrefix + "{*path}", ReadAndWrite, EndpointAccess.Function,
            [
                new(StreamPrefix + "example", "-X PUT -H \"Content-Type: text/plain\" -d \"Hello\""),
                new(StreamPrefix + "example"),
            ],
            (endpoints, request) => endpoints.Streams(request)),
        new("public-streams", PublicStreamPrefix + "{*path}", Read, EndpointAccess.Anonymous, [],
            (endpoints, request) => endpoints.PublicStreams(request)),
        new("health", "health", Read, EndpointAccess.Anonymous, [new("health")],
            (endpoints, request) => endpoints.Health(request)),
        new("ui", UiRoute + "/{*path}", Read, EndpointAccess.Anonymous, [],
            (endpoints, request) => endpoints.Ui(request)),
    ];

    /// <summary>
    /// The headers of our responses that a page of another origin may read, beside those that the browser shows it anyhow:
    /// for a host that answers such pages.
    /// </summary>
    public static IReadOnlyList<string> ExposedHeaders { get; } = ProtocolHeaders.Exposed;
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
    Func<StreamEndpoints, HttpRequest, IResult> Handler)
{
    /// <summary>Calls the handler with the endpoints of a container.</summary>
    public IResult Handle(IServiceProvider services, HttpRequest request)
        => Handler(services.GetRequiredService<StreamEndpoints>(), request);
}

/// <summary>A call to try.</summary>
/// <param name="Address">Route and query.</param>
/// <param name="Options">
/// What curl is told beside the address, in a form that holds in sh, cmd and PowerShell. Default: to show each chunk when it comes.
/// </param>
public sealed record ExampleCall(string Address, string Options = "-N");
