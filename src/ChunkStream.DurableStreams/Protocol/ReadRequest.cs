using ChunkStream.DurableStreams.Store;
using ChunkStream.Http;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>What a <c>GET</c> asks of a stream.</summary>
/// <param name="From">The position to begin at; null: at the tail.</param>
/// <param name="Live">Whether to wait for more, and how.</param>
/// <param name="Cursor">The cursor that the client was given last, or null.</param>
internal sealed record ReadRequest(long? From, LiveMode Live, long? Cursor)
{
    private const string Offset = "offset";
    private const string LongPoll = "long-poll";
    private const string Sse = "sse";

    /// <summary>
    /// Reads the query string. Parameters that the protocol does not have are ignored, as it demands.
    /// </summary>
    /// <exception cref="ProblemException">It has mistakes: 400.</exception>
    public static ReadRequest Read(IQueryCollection query)
    {
        var parameters = new RequestParameters(query) { IgnoresOthers = true };
        var live = parameters.Text("live") switch
        {
            null => LiveMode.None,
            LongPoll => LiveMode.LongPoll,
            Sse => LiveMode.Sse,
            _ => Refused(parameters),
        };
        var offset = parameters.Text(Offset);
        if (offset is null && live is not LiveMode.None)
            parameters.Refuse(Offset,
                $"'{Offset}' is missing: a live read must say where it begins, with -1 for the start or now for "
                + $"what comes.");
        var cursor = CacheCursor.Parse(parameters.Text("cursor"));
        var request = new ReadRequest(PositionOf(offset, parameters), live, cursor);
        return parameters.Problem() is { } problem ? throw new ProblemException(problem) : request;
    }

    private static LiveMode Refused(RequestParameters parameters)
    {
        parameters.Refuse("live", $"'live' must be {LongPoll} or {Sse}.");
        return LiveMode.None;
    }

    private static long? PositionOf(string? offset, RequestParameters parameters)
    {
        switch (offset)
        {
            case null or "-1":
                return 0;
            case "now":
                return null;
            default:
                if (!DurableOffset.TryParse(offset, out var position))
                    parameters.Refuse(Offset,
                        $"'{Offset}' must be a Stream-Next-Offset that this server gave, -1 for the start, or now "
                        + $"for what comes.");
                return position;
        }
    }
}

/// <summary>What a reader wants once it has all that there is.</summary>
internal enum LiveMode
{
    /// <summary>The response ends.</summary>
    None,

    /// <summary>The response waits for more, and ends with it.</summary>
    LongPoll,

    /// <summary>The response goes on with whatever comes, as server-sent events.</summary>
    Sse,
}
