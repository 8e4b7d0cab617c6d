using Microsoft.Extensions.Logging;

namespace ChunkStream.Postgres.Connections;

/// <summary>Every log event of the database behind the endpoints.</summary>
internal sealed partial class PostgresLog(ILogger logger)
{
    /// <summary>The server is one of which nothing is promised.</summary>
    [LoggerMessage(EventId = 50, EventName = "PostgresTooOld", Level = LogLevel.Error, Message = "{Objection}")]
    public partial void TooOld(string objection);
}
