using ChunkStream.Formats;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Http;

/// <summary>
/// What a request asks of the stream that answers it. This is the one place that negotiates the format, reads how far
/// the client has got, and decides whether the answer is a stream, a problem, or 204.
/// </summary>
internal sealed class StreamRequest
{
    private readonly RequestParameters _parameters;
    private readonly ChosenFormat? _chosen;
    private readonly Problem? _notAcceptable;

    private StreamRequest(RequestParameters parameters, ChosenFormat? chosen, Problem? notAcceptable, string? eventId)
    {
        (_parameters, _chosen, _notAcceptable) = (parameters, chosen, notAcceptable);
        IsComplete = eventId is SseFormat.EndId;
        LastEventId = IsComplete ? null : eventId;
    }

    /// <summary>
    /// Whether the client says that it had the end already. The answer is 204, which stops an EventSource.
    /// </summary>
    public bool IsComplete { get; }

    /// <summary>The format of the answer; null where none is acceptable.</summary>
    public StreamFormat? Format => _chosen?.Format;

    /// <summary>The id of the last event that the client got; null if it gives none, or it was the end's.</summary>
    public string? LastEventId { get; }

    /// <summary>Reads a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="parameters">The query string of the request; it collects the mistakes.</param>
    /// <param name="defaultFormat">The format for a client that asks for none.</param>
    /// <param name="fileName">The name of a downloaded file for a client that gives no name, without extension.</param>
    public static StreamRequest Read(
        HttpRequest request, RequestParameters parameters, StreamFormat defaultFormat, string fileName)
    {
        var (chosen, notAcceptable) = FormatChoice.Read(request, parameters, defaultFormat, fileName);
        var eventId = Http.LastEventId.Read(request, chosen?.Format);
        return new StreamRequest(parameters, chosen, notAcceptable, eventId);
    }

    /// <summary>
    /// The problem with a client that wants to resume a stream which can't be resumed; null if it does not want to.
    /// </summary>
    public Problem? MustStartAnew() => LastEventId is null ? null : Problem.InvalidLastEventId(
        $"The only event id that this endpoint gives is '{SseFormat.EndId}', so its streams can't be resumed: "
        + "start anew, without Last-Event-ID.");

    /// <summary>Makes the answer: a stream, a problem, or 204.</summary>
    /// <param name="stream">The stream that the endpoint offers.</param>
    /// <param name="refused">
    /// The problem with which the endpoint refuses the request, or null. Mistakes in parameters and format come first.
    /// </param>
    public IResult Answer(OfferedStream stream, Problem? refused = null)
    {
        if ((_parameters.Problem() ?? _notAcceptable ?? refused) is { } problem)
            return new RefusedStream(stream.Name, problem);
        if (IsComplete)
            return new NothingMoreResult();
        var chosen = _chosen!;
        return new StreamResult(stream, stream.Adapt?.Invoke(chosen.Format) ?? chosen.Format, chosen.SetHeaders);
    }
}
