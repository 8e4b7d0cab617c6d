using Microsoft.Extensions.Logging;

namespace ChunkStream.DurableStreams;

/// <summary>Every log event of the durable streams.</summary>
internal sealed partial class DurableLog(ILogger logger)
{
    /// <summary>The tables are made, or upgraded.</summary>
    [LoggerMessage(EventId = 30, EventName = "StreamSchemaInstalled", Level = LogLevel.Information, Message = "The durable streams' schema is at version {Version} now")]
    public partial void SchemaInstalled(int version);

    /// <summary>There are no tables, and none can be made.</summary>
    [LoggerMessage(EventId = 31, EventName = "StreamSchemaMissing", Level = LogLevel.Error, Message = "There are no durable streams: {Reason}")]
    public partial void SchemaMissing(string reason, Exception failure);

    /// <summary>Other instances are not told of changes at the moment.</summary>
    [LoggerMessage(EventId = 32, EventName = "StreamChangesNotTold", Level = LogLevel.Warning, Message = "Other instances can't be told of changes to streams; they look by themselves every few seconds")]
    public partial void NotTold(Exception failure);

    /// <summary>Changes are not heard of at the moment.</summary>
    [LoggerMessage(EventId = 33, EventName = "StreamChangesNotHeard", Level = LogLevel.Warning, Message = "Changes to streams on other instances can't be heard of; streams with readers are looked at every second instead")]
    public partial void NotHeard(Exception failure);

    /// <summary>Changes can't be read for waiting readers.</summary>
    [LoggerMessage(EventId = 34, EventName = "LiveStreamsNotRead", Level = LogLevel.Warning, Message = "What is new in streams can't be read for their readers, who wait on")]
    public partial void NotRead(Exception failure);

    /// <summary>A round of the sweep failed; there will be others.</summary>
    [LoggerMessage(EventId = 35, EventName = "StreamsNotSwept", Level = LogLevel.Warning, Message = "Expired and deleted streams could not be taken out of the database")]
    public partial void NotSwept(Exception failure);
}
