using ChunkStream.Formats;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Http;

/// <summary>
/// What a request asks of the stream that answers it: the one place where a format is negotiated, where it is read how
/// far the client has got, and where it is decided whether the answer is a stream, a problem, or 204.
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

    /// <summary>Whether the client says that it has had the end: it is answered 204, which stops an EventSource.</summary>
    public bool IsComplete { get; }

    /// <summary>The id of the last event that an EventSource got, where it was not the end's; null where none asks.</summary>
    public string? LastEventId { get; }

    /// <summary>Reads a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="parameters">Its query string; it collects the mistakes.</param>
    /// <param name="defaultFormat">What the endpoint gives where the client has no wish.</param>
    /// <param name="fileName">What a file of it is named where the client does not say.</param>
    public static StreamRequest Read(HttpRequest request, RequestParameters parameters, StreamFormat defaultFormat, string fileName)
    {
        var (chosen, notAcceptable) = FormatChoice.Read(request, parameters, defaultFormat, fileName);
        return new StreamRequest(parameters, chosen, notAcceptable, Http.LastEventId.Read(request, chosen?.Format));
    }

    /// <summary>Why a client is refused that wants to go on where there is nothing to go on by; null where it does not.</summary>
    public Problem? MustStartAnew() => LastEventId is null ? null : Problem.InvalidLastEventId(
        $"The only event id that this endpoint gives is '{SseFormat.EndId}': a stream that was cut off starts anew, without Last-Event-ID.");

    /// <summary>The answer.</summary>
    /// <param name="stream">The stream that is offered.</param>
    /// <param name="refused">Why the endpoint refuses the request, or null. What is wrong with parameters and format comes first.</param>
    public IResult Answer(OfferedStream stream, Problem? refused = null)
    {
        if ((_parameters.Problem() ?? _notAcceptable ?? refused) is { } problem)
            return new RefusedStream(stream.Name, problem);
        if (IsComplete)
            return TypedResults.NoContent();
        var chosen = _chosen!;
        return new StreamResult(stream, stream.Adapt?.Invoke(chosen.Format) ?? chosen.Format, chosen.SetHeaders);
    }
}
