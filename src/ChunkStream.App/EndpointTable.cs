using ChunkStream.App.OpenApi;
using ChunkStream.DurableStreams.Protocol;
using ChunkStream.Postgres.Shapes;

namespace ChunkStream.App;

/// <summary>
/// Every endpoint, once: the local host maps this table, and the function app has one method an entry, which a test
/// compares with it.
/// </summary>
public sealed class EndpointTable
{
    private static readonly string[] Read = ["GET", "HEAD"];
    private static readonly string[] Post = ["POST"];
    private static readonly string[] ReadOrPost = [.. Read, .. Post];
    private static readonly string[] ReadAndWrite = [.. Read, "PUT", "POST", "DELETE"];

    /// <summary>Where the declared queries are, under the API's address.</summary>
    internal const string QueryPrefix = "queries/";

    /// <summary>
    /// Where those queries are that need no key. It is a route of its own: on Azure a function has one access level,
    /// and only the platform knows the keys.
    /// </summary>
    internal const string PublicQueryPrefix = "public/queries/";

    /// <summary>Where live queries are for clients of Electric's protocol.</summary>
    internal const string ShapePrefix = "shapes/";

    /// <summary>Where those of them are that need no key.</summary>
    internal const string PublicShapePrefix = "public/shapes/";

    /// <summary>Where live queries are as durable streams with messages of the state extension.</summary>
    internal const string StatePrefix = "states/";

    /// <summary>Where those of them are that need no key.</summary>
    internal const string PublicStatePrefix = "public/states/";

    /// <summary>Where the durable streams are.</summary>
    internal const string StreamPrefix = "streams/";

    /// <summary>Where durable streams are for users, and can be read by everyone if the operator allows it.</summary>
    internal const string PublicStreamPrefix = "public/streams/";

    /// <summary>Where capability URLs of durable streams are made.</summary>
    internal const string CapabilityRoute = "capabilities";

    /// <summary>Where users make them.</summary>
    internal const string PublicCapabilityRoute = "public/capabilities";

    /// <summary>Where the API is described for programs, under the API's address.</summary>
    internal const string OpenApiRoute = "openapi.json";

    /// <summary>Where the page is, under the API's address.</summary>
    public const string UiRoute = "ui";

    /// <summary>Where the host says how it is, under the API's address.</summary>
    public const string HealthRoute = "health";

    /// <summary>The routes as the description of the API has them.</summary>
    internal static readonly ApiRoutes Routes = new(
        QueryPrefix, PublicQueryPrefix, ShapePrefix, PublicShapePrefix, StatePrefix, PublicStatePrefix, StreamPrefix,
        PublicStreamPrefix, CapabilityRoute, PublicCapabilityRoute, OpenApiRoute, HealthRoute);

    /// <summary>The table of an app.</summary>
    /// <param name="generators">The generators that the app declares.</param>
    /// <param name="examples">Calls to try, beside those that the endpoints have.</param>
    /// <exception cref="InvalidOperationException">Two endpoints have one name.</exception>
    internal EndpointTable(IEnumerable<GeneratorEndpoint> generators, IEnumerable<EndpointExample> examples)
    {
        var more = examples.ToLookup(example => example.Endpoint, example => example.Call);
        All =
        [
            .. generators.Select(Entry),
            .. BuiltIn.Select(endpoint => endpoint with { Examples = [.. endpoint.Examples, .. more[endpoint.Name]] }),
        ];
        var names = All.CountBy(endpoint => endpoint.Name, StringComparer.OrdinalIgnoreCase);
        if (names.FirstOrDefault(name => name.Value > 1) is { Key: { } twice })
        {
            throw new InvalidOperationException(
                $"There are two endpoints '{twice}': a generator needs a name of its own.");
        }
    }

    /// <summary>The app's generators, then what every app has.</summary>
    public IReadOnlyList<StreamEndpoint> All { get; }

    /// <summary>The endpoints that every app has.</summary>
    public static IReadOnlyList<StreamEndpoint> BuiltIn { get; } =
    [
        new("db-stream", "db-stream", Read, EndpointAccess.Function, [],
            (endpoints, request) => endpoints.DbStream(request)),
        new("queries", "queries", Read, EndpointAccess.Function, [new("queries")],
            (endpoints, request) => endpoints.Queries(request)),
        new("query", QueryPrefix + "{name}", ReadOrPost, EndpointAccess.Function, [],
            (endpoints, request) => endpoints.Query(request)),
        new("public-query", PublicQueryPrefix + "{name}", ReadOrPost, EndpointAccess.Anonymous,
            [new(PublicQueryPrefix + "series?count=10")],
            (endpoints, request) => endpoints.PublicQuery(request)),
        new("shape", ShapePrefix + "{name}", Read, EndpointAccess.Function, [],
            (endpoints, request) => endpoints.Shape(request)),
        new("public-shape", PublicShapePrefix + "{name}", Read, EndpointAccess.Anonymous, [],
            (endpoints, request) => endpoints.PublicShape(request)),
        new("state", StatePrefix + "{name}", Read, EndpointAccess.Function, [],
            (endpoints, request) => endpoints.State(request)),
        new("public-state", PublicStatePrefix + "{name}", Read, EndpointAccess.Anonymous, [],
            (endpoints, request) => endpoints.PublicState(request)),
        new("streams", StreamPrefix + "{*path}", ReadAndWrite, EndpointAccess.Function,
            [
                new(StreamPrefix + "example", "-X PUT -H \"Content-Type: text/plain\" -d \"Hello\""),
                new(StreamPrefix + "example"),
            ],
            (endpoints, request) => endpoints.Streams(request)),
        new("public-streams", PublicStreamPrefix + "{*path}", ReadAndWrite, EndpointAccess.Anonymous, [],
            (endpoints, request) => endpoints.PublicStreams(request)),
        new("capabilities", CapabilityRoute, Post, EndpointAccess.Function, [],
            (endpoints, request) => endpoints.Capabilities(request)),
        new("public-capabilities", PublicCapabilityRoute, Post, EndpointAccess.Anonymous, [],
            (endpoints, request) => endpoints.PublicCapabilities(request)),
        new("openapi", OpenApiRoute, Read, EndpointAccess.Function, [new(OpenApiRoute)],
            (endpoints, request) => endpoints.OpenApi(request)),
        new("health", HealthRoute, Read, EndpointAccess.Anonymous, [new(HealthRoute)],
            (endpoints, request) => endpoints.Health(request)),
        new("ui", UiRoute + "/{*path}", Read, EndpointAccess.Anonymous, [],
            (endpoints, request) => endpoints.Ui(request)),
    ];

    /// <summary>
    /// The response headers that a page of another origin may read, beside those that browsers show it anyhow: for a
    /// host that answers such pages.
    /// </summary>
    public static IReadOnlyList<string> ExposedHeaders { get; } =
        [.. ProtocolHeaders.Exposed, .. ElectricDialect.Headers];

    private static StreamEndpoint Entry(GeneratorEndpoint generator) => new(
        generator.Name, generator.Name, Read, generator.Access, generator.Examples,
        (endpoints, request) => endpoints.Generator(request, generator.Name));
}
