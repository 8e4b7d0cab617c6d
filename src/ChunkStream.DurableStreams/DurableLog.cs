using ChunkStream.Postgres.Failures;
using ChunkStream.Problems;
using Microsoft.Extensions.Logging;

namespace ChunkStream.DurableStreams;

/// <summary>Every log event of the durable streams.</summary>
internal sealed partial class DurableLog(ILogger<DurableLog> logger)
{
    /// <summary>The tables were created, or upgraded.</summary>
    [LoggerMessage(EventId = 30, EventName = "StreamSchemaInstalled", Level = LogLevel.Information,
        Message = "The durable streams' schema is at version {Version} now")]
    public partial void SchemaInstalled(int version);

    /// <summary>There are no tables, and the app can't create them.</summary>
    [LoggerMessage(EventId = 31, EventName = "StreamSchemaMissing", Level = LogLevel.Error,
        Message = "There are no durable streams: {Reason}")]
    public partial void SchemaMissing(string reason, Exception failure);

    /// <summary>Other instances are not told of changes at the moment.</summary>
    public void NotTold(Exception failure) => NotTold(Cause.Describe(failure), Unexpected(failure));

    /// <summary>Changes are not heard of at the moment.</summary>
    public void NotHeard(Exception failure) => NotHeard(Cause.Describe(failure), Unexpected(failure));

    /// <summary>Changes can't be read for waiting readers.</summary>
    public void NotRead(Exception failure) => NotRead(Cause.Describe(failure), Unexpected(failure));

    /// <summary>A round of the sweep failed; there will be others.</summary>
    public void NotSwept(Exception failure) => NotSwept(Cause.Describe(failure), Unexpected(failure));

    [LoggerMessage(EventId = 32, EventName = "StreamChangesNotTold", Level = LogLevel.Warning,
        Message =
            "Other instances can't be told of changes to streams; they look by themselves every few seconds{Cause}")]
    private partial void NotTold(string cause, Exception? failure);

    [LoggerMessage(EventId = 33, EventName = "StreamChangesNotHeard", Level = LogLevel.Warning,
        Message =
            "Changes to streams on other instances can't be heard of; streams with readers are looked at every "
            + "second instead{Cause}")]
    private partial void NotHeard(string cause, Exception? failure);

    [LoggerMessage(EventId = 34, EventName = "LiveStreamsNotRead", Level = LogLevel.Warning,
        Message = "What is new in streams can't be read for their readers, who wait on{Cause}")]
    private partial void NotRead(string cause, Exception? failure);

    [LoggerMessage(EventId = 35, EventName = "StreamsNotSwept", Level = LogLevel.Warning,
        Message = "Expired and deleted streams could not be taken out of the database{Cause}")]
    private partial void NotSwept(string cause, Exception? failure);

    /// <summary>A version of the policy has mistakes, and does not hold.</summary>
    [LoggerMessage(EventId = 36, EventName = "StreamPolicyBroken", Level = LogLevel.Error,
        Message =
            "The policy {File} is broken, line {Line}: {Reason} None of it holds; the one before it does, if there was "
            + "one. Otherwise users may do nothing with durable streams")]
    public partial void PolicyBroken(string file, int line, string reason);

    /// <summary>There is no policy.</summary>
    [LoggerMessage(EventId = 37, EventName = "StreamPolicyMissing", Level = LogLevel.Warning,
        Message = "There is no policy {File}: users may do nothing with durable streams")]
    public partial void PolicyMissing(string file);

    /// <summary>A version of the policy was read, and holds.</summary>
    [LoggerMessage(EventId = 38, EventName = "StreamPolicyHolds", Level = LogLevel.Information,
        Message = "The policy {File} holds, with {Rules} rules for users of durable streams")]
    public partial void PolicyHolds(string file, int rules);

    // If the database is down or refuses us, this program is not at fault. What the database says is enough then, and a
    // stack trace would hide it.
    private static Exception? Unexpected(Exception failure)
        => PostgresFailures.Describe(failure) == Problem.Internal ? failure : null;
}
