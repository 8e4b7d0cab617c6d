using ChunkStream.DurableStreams.Access;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Formats;
using ChunkStream.Http;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace ChunkStream.DurableStreams.Recordings;

/// <summary>Answers requests for recordings, of generators that have ended and of those that still run.</summary>
/// <param name="recordings">The recordings.</param>
/// <param name="access">Finds out what a user may do.</param>
/// <param name="options">Whether everyone may record, and how much.</param>
internal sealed class RecordingEndpoint(
    RecordingRegistry recordings, DurableAccess access, IOptions<DurableStreamOptions> options)
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
    /// The same for an endpoint that asks for no key: for everyone, where the operator allows it, and no more than a
    /// quota; else for users who have the rights.
    /// </summary>
    public IResult AnswerWithoutKey(
        StreamRequest asked, RequestParameters parameters, string endpoint, RecordableGenerator generator)
    {
        var settings = options.Value;
        if (generator.Name.Problem is { } invalid)
            parameters.Refuse(Parameter, $"'{Parameter}' can't name a recording. {invalid.Detail}");
        parameters.Know(Capabilities.Parameter);
        if (!settings.PublicRecording)
            return new UserRecordingResult(endpoint, access, rights => AnswerUser(rights));
        var quota = new RecordingQuota(generator.Name.Prefix, settings.PublicRecordings, settings.PublicRecordingBytes);
        return Answer(asked, parameters, endpoint, generator with { Quota = quota });

        // A recording that has an invalid name is refused below, and is never looked for in the policy.
        IResult AnswerUser(DurableRights rights)
            => generator.Name.Problem is not null || rights.Allow(DurableOperations.Read, generator.Path)
                ? Answer(asked, parameters, endpoint, generator with { MayBegin = MayBegin(rights) })
                : new RefusedStream(endpoint, rights.Refusal(DurableOperations.Read));

        bool MayBegin(DurableRights rights)
            => rights.Allow(DurableOperations.Create | DurableOperations.Append, generator.Path);
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
