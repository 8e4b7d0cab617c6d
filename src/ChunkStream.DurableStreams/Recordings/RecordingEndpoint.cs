using ChunkStream.DurableStreams.Store;
using ChunkStream.Formats;
using ChunkStream.Http;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace ChunkStream.DurableStreams.Recordings;

/// <summary>Answers requests for recordings, of generators that have ended and of those that still run.</summary>
internal sealed class RecordingEndpoint(RecordingRegistry recordings, IOptions<DurableStreamOptions> options)
{
    /// <summary>The query parameter by which a request to a declared generator names its recording.</summary>
    public const string Parameter = "record";

    /// <summary>The recording from the place that the request names, or from the start.</summary>
    /// <param name="asked">What the request asks.</param>
    /// <param name="parameters">Its query string.</param>
    /// <param name="endpoint">The endpoint's name, for log and metrics.</param>
    /// <param name="generator">What is recorded.</param>
    /// <param name="maxDuration">How long the response may last, if that is shorter than for all streams.</param>
    public IResult Answer(
        StreamRequest asked,
        RequestParameters parameters,
        string endpoint,
        RecordableGenerator generator,
        TimeSpan? maxDuration = null)
    {
        var (from, invalidPlace) = PositionOf(asked.LastEventId, parameters.Text("resume"));
        var stream = new OfferedStream(
            endpoint, (encoding, token) => new RecordingSource(recordings, generator, from, encoding, token))
        {
            MaxDuration = maxDuration,
        };
        return asked.Answer(stream, generator.Name.Problem ?? invalidPlace);
    }

    /// <summary>
    /// The same for an endpoint that asks for no key, where the operator allows it, and no more than a quota.
    /// </summary>
    public IResult AnswerEveryone(
        StreamRequest asked, RequestParameters parameters, string endpoint, RecordableGenerator generator)
    {
        var settings = options.Value;
        if (!settings.PublicRecording)
            return new RefusedStream(endpoint, DurableProblems.RecordingNotPublic);
        if (generator.Name.Problem is { } invalid)
            parameters.Refuse(Parameter, $"'{Parameter}' can't name a recording. {invalid.Detail}");
        var quota = new RecordingQuota(generator.Name.Prefix, settings.PublicRecordings, settings.PublicRecordingBytes);
        return Answer(asked, parameters, endpoint, generator with { Quota = quota });
    }

    // A place in a recording is an offset of its stream.
    private static (long? Position, Problem? Problem) PositionOf(string? eventId, string? resume)
    {
        if ((eventId ?? resume) is not { } token)
            return (null, null);
        if (DurableOffset.TryParse(token, out var position))
            return (position, null);
        return (null, eventId is null
            ? Problem.InvalidResumeToken(
                "'resume' must be taken as it is from a checkpoint, or from the id of an event.")
            : Problem.InvalidLastEventId(
                $"Last-Event-ID must be the id of an event of this recording, or '{SseFormat.EndId}'."));
    }
}
