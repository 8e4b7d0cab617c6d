using System.Text.Json.Serialization.Metadata;
using ChunkStream.Formats;
using ChunkStream.Generators;
using ChunkStream.Postgres;
using ChunkStream.Problems;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Endpoints;

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

    internal StreamEndpoints(StreamEngine engine, PostgresDatabase database)
        => (_engine, _database) = (engine, database);

    /// <summary><c>GET /stream?chunks=10&amp;intervalMs=1000</c>: a text generator.</summary>
    /// <param name="request">The request.</param>
    /// <param name="cancellation">The host's own token for this call, beside the request's.</param>
    public IResult Stream(HttpRequest request, CancellationToken cancellation)
        => Generator(request, "stream", defaultChunks: 10, StreamFormats.Text, DemoGenerators.Lines, DemoJson.Default.String, cancellation);

    /// <summary><c>GET /json-stream?chunks=5&amp;intervalMs=1000</c>: a JSON generator.</summary>
    /// <inheritdoc cref="Stream" />
    public IResult JsonStream(HttpRequest request, CancellationToken cancellation)
        => Generator(request, "json-stream", defaultChunks: 5, StreamFormats.Ndjson, DemoGenerators.Messages, DemoJson.Default.ChunkMessage, cancellation);

    /// <summary><c>GET /db-stream</c>: the rows of the configured table, from a cursor.</summary>
    /// <inheritdoc cref="Stream" />
    public IResult DbStream(HttpRequest request, CancellationToken cancellation)
    {
        var parameters = Parameters(request);
        var query = $"SELECT * FROM {_database.Options.Table}";
        return Streamed(request, "db-stream", parameters, StreamFormats.Ndjson, Open, cancellation);

        StreamSource Open(RecordEncoding encoding, CancellationToken token)
            => new CursorSource(_database, query, encoding, _engine.Time, token);
    }

    /// <summary><c>GET /health</c>: 200, or 503 with which dependency is down.</summary>
    /// <inheritdoc cref="Stream" />
    public IResult Health(HttpRequest request, CancellationToken cancellation)
        => Parameters(request).Problem() is { } problem
            ? new ProblemResult(problem)
            : new HealthResult(new PostgresHealth(_database, _engine.Time), cancellation);

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
        return Streamed(request, name, parameters, defaultFormat, Open, cancellation);

        StreamSource Open(RecordEncoding encoding, CancellationToken token)
            => new GeneratorSource<T>(generate(chunks, interval, _engine.Time, token), typeInfo, encoding, token);
    }

    private IResult Streamed(
        HttpRequest request,
        string name,
        RequestParameters parameters,
        StreamFormat defaultFormat,
        Func<RecordEncoding, CancellationToken, StreamSource> open,
        CancellationToken cancellation)
    {
        var (format, notAcceptable) = FormatChoice.Of(request, parameters.Text("format"), defaultFormat);
        if ((parameters.Problem() ?? notAcceptable) is { } problem)
            return new ProblemResult(problem);
        if (format == StreamFormats.Sse && request.Headers["Last-Event-ID"].ToString() is { Length: > 0 } lastEventId)
            return Reconnected(lastEventId);
        return new StreamResult(name, format!, open, _engine, cancellation);
    }

    /// <summary>EventSource connects again after every end. After the one that was the end, 204 tells it to stop.</summary>
    private static IResult Reconnected(string lastEventId)
        => lastEventId == SseFormat.EndId
            ? TypedResults.NoContent()
            : new ProblemResult(Problem.InvalidLastEventId(
                $"The only event id that this endpoint gives is '{SseFormat.EndId}': a stream that was cut off starts anew, without Last-Event-ID."));

    private static RequestParameters Parameters(HttpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new RequestParameters(request.Query);
    }
}
