using ChunkStream.App.OpenApi;
using ChunkStream.DurableStreams.Protocol;
using ChunkStream.Http;
using ChunkStream.Postgres.Queries;
using ChunkStream.Postgres.Shapes;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.App;

/// <summary>
/// The endpoints' handlers, the same on every host. Each reads its parameters and gives the result to execute; nothing
/// runs before that.
/// </summary>
public sealed class StreamEndpoints
{
    private static readonly string Catalogue = EndpointTable.QueryPrefix.TrimEnd('/');
    private static readonly QueryPlace Default = new("db-stream")
    {
        Catalogue = Catalogue,
        Setting = "ChunkStream:DefaultQuery",
    };

    private static readonly QueryPlace ByName = new("query") { Catalogue = Catalogue };
    private static readonly QueryPlace Public = new("public-query") { Catalogue = Catalogue, IsPublic = true };

    private static readonly QueryPlace OfShape = new("shape") { Catalogue = Catalogue };
    private static readonly QueryPlace OfState = new("state") { Catalogue = Catalogue };
    private static readonly QueryPlace OfPublicState = new("public-state") { Catalogue = Catalogue, IsPublic = true };
    private static readonly QueryPlace OfPublicShape = new("public-shape") { Catalogue = Catalogue, IsPublic = true };

    private static readonly CapabilityPlace WithKey = new(
        EndpointTable.CapabilityRoute, EndpointTable.PublicStreamPrefix, Admission.Admitted);

    private static readonly CapabilityPlace ForUsers = new(
        EndpointTable.PublicCapabilityRoute, EndpointTable.PublicStreamPrefix, Admission.Users);

    private static readonly Problem NoDefaultQuery = Problem.NotFound(
        $"There is no default query: the setting {Default.Setting} names it. /{Catalogue} lists those that there are.");

    // A request makes what it needs: one for a generator waits for nothing of the database's.
    private readonly Lazy<DeclaredGenerators> _generators;
    private readonly Lazy<QueryEndpoint> _queries;
    private readonly Lazy<ShapeEndpoint> _shapes;
    private readonly Lazy<DurableEndpoint> _durable;
    private readonly Lazy<CapabilityEndpoint> _capabilities;
    private readonly Lazy<QueryDescriptions> _descriptions;
    private readonly Lazy<HealthResult> _health;

    internal StreamEndpoints(
        Lazy<DeclaredGenerators> generators,
        Lazy<QueryEndpoint> queries,
        Lazy<ShapeEndpoint> shapes,
        Lazy<DurableEndpoint> durable,
        Lazy<CapabilityEndpoint> capabilities,
        Lazy<QueryDescriptions> descriptions,
        Lazy<HealthResult> health)
        => (_generators, _queries, _shapes, _durable, _capabilities, _descriptions, _health)
            = (generators, queries, shapes, durable, capabilities, descriptions, health);

    /// <summary><c>GET /{name}</c>: a generator that the app declares with <c>AddGenerator</c>.</summary>
    /// <param name="request">The request.</param>
    /// <param name="name">The generator's name.</param>
    public IResult Generator(HttpRequest request, string name) => _generators.Value.Answer(Required(request), name);

    /// <summary><c>GET /db-stream</c>: the rows of the default query, from a cursor.</summary>
    /// <param name="request">The request.</param>
    public IResult DbStream(HttpRequest request) => _queries.Value.Options.DefaultQuery is { } query
        ? _queries.Value.Answer(Required(request), query, Default)
        : new RefusedStream(Default.Endpoint, NoDefaultQuery);

    /// <summary><c>GET /queries</c>: the catalogue of the declared queries.</summary>
    /// <inheritdoc cref="DbStream" />
    public IResult Queries(HttpRequest request)
        => _queries.Value.Catalogue(
            Required(request), new QueryPaths(EndpointTable.QueryPrefix, EndpointTable.PublicQueryPrefix));

    /// <summary><c>GET, POST /queries/{name}</c>: the rows of a declared query, from a cursor.</summary>
    /// <inheritdoc cref="DbStream" />
    public IResult Query(HttpRequest request)
        => _queries.Value.Answer(Required(request), QueryMapping.NameOf(request), ByName);

    /// <summary><c>GET, POST /public/queries/{name}</c>: the same, of the queries that need no key.</summary>
    /// <inheritdoc cref="DbStream" />
    public IResult PublicQuery(HttpRequest request)
        => _queries.Value.Answer(Required(request), QueryMapping.NameOf(request), Public);

    /// <summary><c>GET /shapes/{name}</c>: a live query for clients of Electric's protocol.</summary>
    /// <inheritdoc cref="DbStream" />
    public IResult Shape(HttpRequest request) => Followed(request, OfShape, ElectricDialect.Read);

    /// <summary><c>GET /public/shapes/{name}</c>: the same, of the queries that need no key.</summary>
    /// <inheritdoc cref="DbStream" />
    public IResult PublicShape(HttpRequest request) => Followed(request, OfPublicShape, ElectricDialect.Read);

    /// <summary>
    /// <c>GET /states/{name}</c>: a live query as a durable stream with messages of the state extension.
    /// </summary>
    /// <inheritdoc cref="DbStream" />
    public IResult State(HttpRequest request) => Followed(request, OfState, StateDialect.Read);

    /// <summary><c>GET /public/states/{name}</c>: the same, of the queries that need no key.</summary>
    /// <inheritdoc cref="DbStream" />
    public IResult PublicState(HttpRequest request) => Followed(request, OfPublicState, StateDialect.Read);

    /// <summary><c>GET, HEAD, PUT, POST, DELETE /streams/{path}</c>: durable streams.</summary>
    /// <inheritdoc cref="DbStream" />
    public IResult Streams(HttpRequest request) => _durable.Value.Answer(Required(request), DurablePlace.Private);

    /// <summary>
    /// <c>GET, HEAD, PUT, POST, DELETE /public/streams/{path}</c>: the same without a key. Users may do what the policy
    /// allows them; everyone may read, if the settings say so.
    /// </summary>
    /// <inheritdoc cref="DbStream" />
    public IResult PublicStreams(HttpRequest request) => _durable.Value.Answer(Required(request), DurablePlace.Users);

    /// <summary><c>POST /capabilities</c>: makes a capability URL of durable streams.</summary>
    /// <inheritdoc cref="DbStream" />
    public IResult Capabilities(HttpRequest request)
    {
        Required(request);
        return _capabilities.Value.Answer(WithKey);
    }

    /// <summary><c>POST /public/capabilities</c>: the same for users, of what they may do themselves.</summary>
    /// <inheritdoc cref="DbStream" />
    public IResult PublicCapabilities(HttpRequest request)
    {
        Required(request);
        return _capabilities.Value.Answer(ForUsers);
    }

    /// <summary><c>GET /openapi.json</c>: the description of the API for programs.</summary>
    /// <inheritdoc cref="DbStream" />
    public IResult OpenApi(HttpRequest request)
    {
        var parameters = new RequestParameters(Required(request).Query);
        var version = parameters.OneOf("version", OpenApiResult.Versions);
        return parameters.Problem() is { } problem
            ? new ProblemResult(problem)
            : new OpenApiResult(
                _descriptions.Value,
                services => _generators.Value.All.Select(generator => generator.Describe(services)),
                EndpointTable.Routes,
                _queries.Value.Options.DefaultQuery,
                version);
    }

    /// <summary><c>GET /health</c>: 200, or 503 with which dependency is down.</summary>
    /// <inheritdoc cref="DbStream" />
    public IResult Health(HttpRequest request)
        => new RequestParameters(Required(request).Query).Problem() is { } problem
            ? new ProblemResult(problem)
            : _health.Value;

    /// <summary><c>GET /ui/</c>: the page, and the files that it asks for.</summary>
    /// <inheritdoc cref="DbStream" />
    public IResult Ui(HttpRequest request) => UiResult.For(Required(request), _generators.Value.Report);

    private IResult Followed(HttpRequest request, QueryPlace place, ReadDialect read)
        => _shapes.Value.Answer(QueryMapping.NameOf(Required(request)), place, read);

    private static HttpRequest Required(HttpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return request;
    }
}
