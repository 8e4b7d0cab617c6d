using System.Globalization;
using ChunkStream.Problems;
using Microsoft.Extensions.Logging;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>Logs requests to durable streams that fail. Responses that stream a body are in the engine's log.</summary>
internal sealed partial class DurableRequestLog(ILogger<DurableEndpoint> logger, TimeProvider time)
{
    private const int PathLength = 200;

    private readonly SampledEvents _failures = new(time);

    /// <summary>
    /// A request failed before its first byte, and the client is not at fault. Of many failures with the same status
    /// only a few are logged: while the database is away, every append is one.
    /// </summary>
    public void RequestFailed(string method, string path, int status, Exception failure)
    {
        if (_failures.Untold(status) is not { } untold)
            return;

        // A stack trace is of use only for a failure that nobody foresaw. For any other, the sentence says what is
        // wrong.
        var isOurs = status == 500;
        var level = isOurs ? LogLevel.Error : LogLevel.Warning;
        var place = BoundedText.Line(path, PathLength);
        var cause = isOurs ? "" : Cause.Describe(failure);
        var others = untold == 0 ? "" : string.Create(CultureInfo.InvariantCulture,
            $" (and {untold} more with this status, since the last that was told)");
        RequestFailed(level, isOurs ? failure : null, method, place, status, cause, others);
    }

    [LoggerMessage(EventId = 20, EventName = "DurableRequestFailed",
        Message = "{Method} of stream {Path} failed with status {Status}{Cause}{Untold}")]
    private partial void RequestFailed(
        LogLevel level, Exception? failure, string method, string path, int status, string cause, string untold);
}
