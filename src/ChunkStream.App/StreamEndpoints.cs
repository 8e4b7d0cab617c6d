using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization.Metadata;
using ChunkStream.App.Demo;
using ChunkStream.DurableStreams.Protocol;
using ChunkStream.DurableStreams.Recordings;
using ChunkStream.Formats;
using ChunkStream.Generators;
using ChunkStream.Http;
using ChunkStream.Postgres;
using ChunkStream.Postgres.Queries;
using ChunkStream.Problems;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.App;

/// <summary>
/// The endpoints' handlers, the same on every host. Each reads its parameters and gives the result to execute; nothing
/// runs before that.
/// </summary>
public sealed class StreamEndpoints
{
    // Bounds of the demo generators: a million lines is a few seconds' work, and a minute between two lines stays well
    // under the 230 s of silence after which Azure's load balancer cuts a connection.
    private const int MaxChunks = 1_000_000;
    private const int MaxIntervalMs = 60_000;

    private readonly StreamEngine _engine;
    private readonly PostgresDatabase _database;
    private readonly QueryCatalogue _catalogue;
    private readonly DurableEndpoints _durable;
    private readonly RecordedStreams _recorded;
    private readonly AnonymousGenerators _generators;
    private readonly PostgresHealth _health;

    internal StreamEndpoints(
        StreamEngine engine, PostgresDatabase database, QueryCatalogue catalogue, DurableEndpoints durable, RecordedStreams recorded)
    {
        (_engine, _database, _catalogue, _durable, _recorded) = (engine, database, catalogue, durable, recorded);
        _generators = new AnonymousGenerators(engine.Options.MaxAnonymousStreams);
        _health = new PostgresHealth(database, engine.Time);
    }

    /// <summary><c>GET /stream?chunks=10&amp;intervalMs=1000</c>: a text generator; with <c>&amp;record=name</c> it is recorded.</summary>
    /// <param name="request">The request.</param>
    /// <param name="cancellation">The host's own token for this call, beside the request's.</param>
    public IResult Stream(HttpRequest request, CancellationToken cancellation)
        => Generator(request, "stream", defaultChunks: 10, StreamFormats.Text, DemoGenerators.Lines, DemoJson.Default.String, cancellation);

    /// <summary><c>GET /json-stream?chunks=5&amp;intervalMs=1000</c>: a JSON generator; with <c>&amp;record=name</c> it is recorded.</summary>
    /// <inheritdoc cref="Stream" />
    public IResult JsonStream(HttpRequest request, CancellationToken cancellation)
        => Generator(request, "json-stream", defaultChunks: 5, StreamFormats.Ndjson, DemoGenerators.Messages, DemoJson.Default.ChunkMessage, cancellation);

    /// <summary><c>GET /db-stream</c>: the rows of the default query, from a cursor.</summary>
    /// <inheritdoc cref="Stream" />
    public IResult DbStream(HttpRequest request, CancellationToken cancellation)
        => _catalogue.Find(_catalogue.Options.DefaultQuery) is null
            ? Refused("db-stream", NoQuery(_catalogue.Options.DefaultQuery, ", which the setting ChunkStream:DefaultQuery names"))
            : QueryOf(request, "db-stream", _catalogue.Options.DefaultQuery, isPublic: false, cancellation);

    /// <summary><c>GET /queries</c>: the catalogue of the declared queries.</summary>
    /// <inheritdoc cref="Stream" />
    public IResult Queries(HttpRequest request, CancellationToken cancellation)
        => Parameters(request).Problem() is { } problem ? new ProblemResult(problem) : new CatalogueResult(_catalogue, new QueryPaths(EndpointTable.QueryPrefix, EndpointTable.PublicQueryPrefix), cancellation);

    /// <summary><c>GET /queries/{name}</c>: the rows of a declared query, from a cursor.</summary>
    /// <inheritdoc cref="Stream" />
    public IResult Query(HttpRequest request, CancellationToken cancellation)
        => QueryOf(request, "query", NameOf(request), isPublic: false, cancellation);

    /// <summary><c>GET /public/queries/{name}</c>: the same without a key, of the queries that declare that they need none.</summary>
    /// <inheritdoc cref="Stream" />
    public IResult PublicQuery(HttpRequest request, CancellationToken cancellation)
        => QueryOf(request, "public-query", NameOf(request), isPublic: true, cancellation);

    /// <summary><c>GET, HEAD, PUT, POST, DELETE /streams/{path}</c>: durable streams.</summary>
    /// <inheritdoc cref="Stream" />
    public IResult Streams(HttpRequest request, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        return _durable.Handle(request, isPublic: false, cancellation);
    }

    /// <summary><c>GET, HEAD /public/streams/{path}</c>: reading them without a key, where the operator allows it.</summary>
    /// <inheritdoc cref="Stream" />
    public IResult PublicStreams(HttpRequest request, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        return _durable.Handle(request, isPublic: true, cancellation);
    }

    /// <summary><c>GET /health</c>: 200, or 503 with which dependency is down.</summary>
    /// <inheritdoc cref="Stream" />
    public IResult Health(HttpRequest request, CancellationToken cancellation)
        => Parameters(request).Problem() is { } problem
            ? new ProblemResult(problem)
            : new HealthResult(_health, cancellation);

    /// <summary><c>GET /ui/</c>: the page, and the files that it asks for.</summary>
    /// <inheritdoc cref="Stream" />
    [SuppressMessage("Performance", "CA1822", Justification = "An endpoint as all others: the hosts call them alike.")]
    public IResult Ui(HttpRequest request, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        return UiResult.For(request, cancellation);
    }

    private IResult Generator<T>(
        HttpRequest request,
        string name,
        int defaultChunks,
        StreamFormat defaultFormat,
        Func<int, TimeSpan, TimeProvider, CancellationToken, IAsyncEnumerable<T>> generate,
        JsonTypeInfo<T> typeInfo,
        CancellationToken cancellation)
    {
        var parameters = Parameters(request);
        var chunks = parameters.Integer("chunks", defaultChunks, min: 1, MaxChunks);
        var interval = TimeSpan.FromMilliseconds(parameters.Integer("intervalMs", 1000, min: 0, MaxIntervalMs));
        parameters.Know("format");
        return parameters.Text("record") is { } record
            ? _recorded.Public(request, parameters, name, record, $"{chunks}, {interval}", defaultFormat, Generate, typeInfo, cancellation)
            : Streamed(request, name, parameters, defaultFormat, Open, cancellation);

        StreamSource Open(RecordEncoding encoding, CancellationToken token)
            => new GeneratorSource<T>(Generate(token), typeInfo, encoding, token);

        IAsyncEnumerable<T> Generate(CancellationToken token) => _generators.Run(generate(chunks, interval, _engine.Time, token), token);
    }

    private IResult QueryOf(HttpRequest request, string endpoint, string name, bool isPublic, CancellationToken cancellation)
    {
        var declared = _catalogue.Find(name);
        if (declared is null || (isPublic && declared.File?.Header.Access is not QueryAccess.Anonymous))
            return Refused(endpoint, isPublic ? NoPublicQuery(name) : NoQuery(name));
        if (declared.File is not { } file)
            return Refused(endpoint, Problem.BrokenQuery($"The file {declared.FileName} is broken: /{EndpointTable.QueryPrefix.TrimEnd('/')} says where, and so does the server's log."));

        if (isPublic)
            file = _catalogue.ForEveryone(file);
        var parameters = Parameters(request);
        var (chosen, notAcceptable) = FormatChoice.Of(request, parameters, StreamFormats.Ndjson, file.Name);
        var eventId = LastEventId.Of(request, chosen?.Format);
        var (query, refused) = QueryRequest.Read(file, parameters, eventId is SseFormat.EndId ? null : eventId, _catalogue.Options.ResumeKey);
        var stream = $"{endpoint}/{file.Name}";
        if ((parameters.Problem() ?? notAcceptable ?? refused) is { } problem)
            return Refused(stream, problem);
        if (eventId is SseFormat.EndId)
            return TypedResults.NoContent();
        return new StreamResult(stream, chosen!.Format, Open, _engine, cancellation, chosen.SetHeaders, WhyNotAsync);

        StreamSource Open(RecordEncoding encoding, CancellationToken token)
        {
            var run = query with { IsAnonymous = isPublic, IsKeyProven = _catalogue.IsKeyProven(declared), WhyRefused = WhyRefusedAsync };
            return new CursorSource(_database, run, encoding, _engine.Time, token);
        }

        // A run finds out by itself. Values that come from the file were asked about with it.
        async Task<Problem?> WhyNotAsync(CancellationToken token)
        {
            if (!file.Header.Parameters.Any(parameter => request.Query.ContainsKey(parameter.Name)))
                return null;

            try
            {
                using var _ = await _database.Slots.EnterAsync(isNewcomer: true, isPublic, token).ConfigureAwait(false);
                return await WhyRefusedAsync(token).ConfigureAwait(false);
            }
            catch (Exception failure) when (!token.IsCancellationRequested)
            {
                return PostgresFailures.Describe(failure);
            }
        }

        async Task<Problem?> WhyRefusedAsync(CancellationToken token)
            => QueryRequest.Refused(await _catalogue.Check.RefusedAsync(file, query.Parameters, token).ConfigureAwait(false));
    }

    private static Problem NoQuery(string name, string source = "")
        => Problem.NotFound($"There is no query '{name}'{source}; /{EndpointTable.QueryPrefix.TrimEnd('/')} lists those that there are.");

    private static Problem NoPublicQuery(string name)
        => Problem.NotFound($"There is no query '{name}' that needs no key. With a key, /{EndpointTable.QueryPrefix.TrimEnd('/')} lists all.");

    // Not a bound parameter: the Functions worker gives none to a handler that takes the request.
    private static string NameOf(HttpRequest request) => request.RouteValues["name"]?.ToString() ?? "";

    private IResult Streamed(
        HttpRequest request,
        string name,
        RequestParameters parameters,
        StreamFormat defaultFormat,
        Func<RecordEncoding, CancellationToken, StreamSource> open,
        CancellationToken cancellation)
    {
        var (chosen, notAcceptable) = FormatChoice.Of(request, parameters, defaultFormat, name);
        if ((parameters.Problem() ?? notAcceptable) is { } problem)
            return Refused(name, problem);
        return LastEventId.Of(request, chosen!.Format) switch
        {
            null => new StreamResult(name, chosen.Format, open, _engine, cancellation, chosen.SetHeaders),
            SseFormat.EndId => TypedResults.NoContent(),
            _ => Refused(name, Problem.InvalidLastEventId(
                $"The only event id that this endpoint gives is '{SseFormat.EndId}': a stream that was cut off starts anew, without Last-Event-ID.")),
        };
    }

    private RefusedStream Refused(string name, Problem problem) => new(name, problem, _engine);

    private static RequestParameters Parameters(HttpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new RequestParameters(request.Query);
    }
}
