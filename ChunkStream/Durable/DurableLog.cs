using Microsoft.Extensions.Logging;

namespace ChunkStream.Durable;

/// <summary>Every log event of the durable streams.</summary>
internal sealed partial class DurableLog(ILogger logger)
{
    /// <summary>The tables are made, or upgraded.</summary>
    [LoggerMessage(EventId = 30, EventName = "StreamSchemaInstalled", Level = LogLevel.Information, Message = "The durable streams' schema is at version {Version} now")]
    public partial void SchemaInstalled(int version);

    /// <summary>There are no tables, and none can be made.</summary>
    [LoggerMessage(EventId = 31, EventName = "StreamSchemaMissing", Level = LogLevel.Error, Message = "There are no durable streams: {Reason}")]
    public partial void SchemaMissing(string reason, Exception failure);
}
