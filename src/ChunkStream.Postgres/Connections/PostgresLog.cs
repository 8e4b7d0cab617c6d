using Microsoft.Extensions.Logging;

namespace ChunkStream.Postgres.Connections;

/// <summary>All log events of a database.</summary>
internal sealed partial class PostgresLog(ILogger logger)
{
    /// <summary>The server is older than the oldest version that is supported.</summary>
    [LoggerMessage(EventId = 50, EventName = "PostgresTooOld", Level = LogLevel.Error, Message = "{Objection}")]
    public partial void TooOld(string objection);
}
