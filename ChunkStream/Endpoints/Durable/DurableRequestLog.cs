using Microsoft.Extensions.Logging;

namespace ChunkStream.Endpoints.Durable;

/// <summary>What an operator hears of requests to durable streams that fail; those that stream a body are in the engine's log.</summary>
internal sealed partial class DurableRequestLog(ILogger logger)
{
    /// <summary>A request failed before its first byte, and not by the client's fault.</summary>
    public void RequestFailed(string method, string path, int status, Exception failure)
        => RequestFailed(status == 500 ? LogLevel.Error : LogLevel.Warning, failure, method, path, status);

    [LoggerMessage(EventId = 20, EventName = "DurableRequestFailed", Message = "{Method} of stream {Path} failed with status {Status}")]
    private partial void RequestFailed(LogLevel level, Exception failure, string method, string path, int status);
}
