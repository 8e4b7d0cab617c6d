using System.Text.Json.Serialization.Metadata;
using ChunkStream.DurableStreams.Recordings;
using ChunkStream.Formats;
using ChunkStream.Generators;
using ChunkStream.Http;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.App.Demo;

/// <summary>The demo's generators over HTTP: open to everyone, so that their number is bounded.</summary>
internal sealed class DemoEndpoints(StreamEngine engine, RecordingEndpoint recordings)
{
    // A million lines is a few seconds' work, and a minute between two lines stays well under the 230 s of silence after
    // which Azure's load balancer cuts a connection.
    private const int MaxChunks = 1_000_000;
    private const int MaxIntervalMs = 60_000;

    private readonly AnonymousGenerators _running = new(engine.Options.MaxAnonymousStreams);

    /// <summary>Lines of text.</summary>
    public IResult Stream(HttpRequest request)
        => Answer(request, "stream", defaultChunks: 10, StreamFormats.Text, DemoGenerators.Lines, DemoJson.Default.String);

    /// <summary>JSON objects.</summary>
    public IResult JsonStream(HttpRequest request)
        => Answer(request, "json-stream", defaultChunks: 5, StreamFormats.Ndjson, DemoGenerators.Messages, DemoJson.Default.ChunkMessage);

    private IResult Answer<T>(
        HttpRequest request,
        string name,
        int defaultChunks,
        StreamFormat defaultFormat,
        Func<int, TimeSpan, TimeProvider, CancellationToken, IAsyncEnumerable<T>> generate,
        JsonTypeInfo<T> typeInfo)
    {
        ArgumentNullException.ThrowIfNull(request);
        var parameters = new RequestParameters(request.Query);
        var chunks = parameters.Integer("chunks", defaultChunks, min: 1, MaxChunks);
        var interval = TimeSpan.FromMilliseconds(parameters.Integer("intervalMs", 1000, min: 0, MaxIntervalMs));
        parameters.Know("format");
        var record = parameters.Text(RecordingEndpoint.Parameter);
        var asked = StreamRequest.Read(request, parameters, defaultFormat, name);
        if (record is not null)
        {
            var generator = RecordableGenerator.Create(new RecordingName(name, record), Generate, typeInfo);
            return recordings.AnswerEveryone(asked, parameters, name, generator with { Subject = $"{chunks}, {interval}" });
        }

        var stream = new OfferedStream(name, (encoding, token) => new GeneratorSource<T>(Generate, typeInfo, encoding, token));
        return asked.Answer(stream, asked.MustStartAnew());

        IAsyncEnumerable<T> Generate(CancellationToken token) => _running.Run(generate(chunks, interval, engine.Time, token), token);
    }
}
