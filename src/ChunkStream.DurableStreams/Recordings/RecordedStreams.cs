using System.Text.Json.Serialization.Metadata;
using ChunkStream.DurableStreams.Protocol;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Formats;
using ChunkStream.Http;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace ChunkStream.DurableStreams.Recordings;

/// <summary>
/// Streams generators and records them while they are streamed, into durable streams: who asks again, after a reload of the page say,
/// gets the same items from the start, or from where it was, and then what follows. The generator runs once.
/// </summary>
public sealed class RecordedStreams
{
    // Recordings are apart from all other streams, and those of each endpoint from those of all others.
    private const string Prefix = "recordings/";

    private readonly RecordingRegistry _recordings;
    private readonly DurableOptions _options;

    internal RecordedStreams(RecordingRegistry recordings, IOptions<DurableOptions> options)
        => (_recordings, _options) = (recordings, options.Value);

    /// <summary>
    /// The response to one request: in the format that it asks for (by <c>Accept</c> or <c>?format=</c>; else text where the items are
    /// texts, and NDJSON where not), from the place that it names (<c>Last-Event-ID</c> or <c>?resume=</c>) or from the start.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="collection">Your function's name: its recordings are the streams <c>recordings/{collection}/…</c>.</param>
    /// <param name="name">
    /// Which of them: an order's number, the id of a question. Whoever may call your function with a name may read what was recorded
    /// under it. May have slashes; what no stream's path may have is refused with 400.
    /// </param>
    /// <param name="generate">
    /// Starts the generator, for the first request of the name only. Its token is cancelled when nobody has read for <c>RecordSeconds</c>,
    /// and when the process stops: not when a client leaves.
    /// </param>
    /// <param name="typeInfo">How an item becomes JSON. Texts are recorded as lines: one with line breaks is several items.</param>
    /// <param name="subject">What is generated: a request of the same name with another subject is refused with 409.</param>
    public IResult Stream<T>(
        HttpRequest request,
        string collection,
        string name,
        Func<CancellationToken, IAsyncEnumerable<T>> generate,
        JsonTypeInfo<T> typeInfo,
        string subject = "")
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentException.ThrowIfNullOrEmpty(collection);
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(generate);
        ArgumentNullException.ThrowIfNull(typeInfo);
        ArgumentNullException.ThrowIfNull(subject);
        if (collection.Contains('/', StringComparison.Ordinal) || StreamPath.Check(collection) is not null)
            throw new ArgumentException($"'{collection}' can't be one segment of a path.", nameof(collection));

        var parameters = new RequestParameters(request.Query) { IgnoresOthers = true };
        var defaultFormat = typeof(T) == typeof(string) ? StreamFormats.Text : StreamFormats.Ndjson;
        return Result(request, parameters, collection, name, subject, defaultFormat, generate, typeInfo, quota: null);
    }

    /// <summary>The same for an endpoint that asks for no key, where the operator allows it. Parameters that it does not know are mistakes.</summary>
    internal IResult Public<T>(
        HttpRequest request,
        RequestParameters parameters,
        string endpoint,
        string name,
        string subject,
        StreamFormat defaultFormat,
        Func<CancellationToken, IAsyncEnumerable<T>> generate,
        JsonTypeInfo<T> typeInfo)
        => _options.PublicRecording
            ? Result(
                request, parameters, endpoint, name, subject, defaultFormat, generate, typeInfo,
                new RecordingQuota($"{Prefix}{endpoint}/", _options.PublicRecordings, _options.PublicRecordingBytes))
            : new RefusedStream(endpoint, RecordingProblems.NotPublic);

    private IResult Result<T>(
        HttpRequest request,
        RequestParameters parameters,
        string collection,
        string name,
        string subject,
        StreamFormat defaultFormat,
        Func<CancellationToken, IAsyncEnumerable<T>> generate,
        JsonTypeInfo<T> typeInfo,
        RecordingQuota? quota)
    {
        var asked = StreamRequest.Read(request, parameters, defaultFormat, collection);
        var (from, invalidPlace) = PositionOf(asked.LastEventId, parameters.Text("resume"));
        var path = $"{Prefix}{collection}/{name}";
        if (StreamPath.Check(path) is { } invalid)
            parameters.Refuse("record", $"'record' can't name a recording. {invalid.Detail}");

        var generator = RecordableGenerator.Of(path, subject, generate, typeInfo) with { Quota = quota };
        var stream = new OfferedStream(collection, (encoding, token) => new RecordingSource(_recordings, generator, from, encoding, token));
        return asked.Answer(stream, invalidPlace);
    }

    // The offsets of the recording's stream.
    private static (long? Position, Problem? Problem) PositionOf(string? eventId, string? resume)
    {
        if ((eventId ?? resume) is not { } token)
            return (null, null);
        if (StreamOffset.TryParse(token, out var position))
            return (position, null);
        return (null, eventId is null
            ? Problem.InvalidResumeToken("'resume' must be taken as it is from a checkpoint, or from the id of an event.")
            : Problem.InvalidLastEventId($"Last-Event-ID must be the id of an event of this recording, or '{SseFormat.EndId}'."));
    }
}
