using ChunkStream.Postgres.Failures;
using ChunkStream.Postgres.Live.Changes;
using ChunkStream.Problems;
using Microsoft.Extensions.Logging;

namespace ChunkStream.Postgres.Live;

/// <summary>Every log event of live queries.</summary>
internal sealed partial class LiveLog(ILogger<LiveLog> logger, TimeProvider time)
{
    private readonly SampledEvents _sampled = new(time);

    /// <summary>Nobody hears of changes at the moment.</summary>
    public void NotWatched(Exception failure)
        => NotWatched(
            Cause.Describe(failure), PostgresFailures.Describe(failure) == Problem.Internal ? failure : null);

    /// <summary>The changes of a table can't be logged.</summary>
    /// <param name="file">The file of the query.</param>
    /// <param name="refusal">Why, and the script that helps if there is one.</param>
    public void Refused(string file, WatchRefusedException refusal)
        => Refused(file, refusal.Message, refusal.Script is { } script ? $"\n{script}" : "");

    [LoggerMessage(EventId = 71, EventName = "ChangesNotLogged", Level = LogLevel.Error,
        Message = "Query file {File} can't be live. {Reason}{Script}")]
    private partial void Refused(string file, string reason, string script);

    /// <summary>The log of changes can't be kept at the moment.</summary>
    public void NotKept(Exception failure)
        => NotKept(Cause.Describe(failure), PostgresFailures.Describe(failure) == Problem.Internal ? failure : null);

    [LoggerMessage(EventId = 72, EventName = "ChangesNotKept", Level = LogLevel.Warning,
        Message =
            "The log of changes for live queries could not be kept; if that lasts, their rows are read anew{Cause}")]
    private partial void NotKept(string cause, Exception? failure);

    /// <summary>A reader was refused, or readers were cut off, because live queries hold what they may.</summary>
    /// <param name="limit">How many bytes that are.</param>
    public void MemoryFull(long limit)
    {
        if (_sampled.Untold(kind: 0) is { } untold)
            MemoryFull(limit >> 20, untold);
    }

    [LoggerMessage(EventId = 73, EventName = "LiveMemoryFull", Level = LogLevel.Warning,
        Message = "Live queries hold the {Megabytes} MiB in memory that they may (ChunkStream:Live:MemoryMegabytes): "
            + "a result or a change found no room, and its readers are told to come again. There were {Untold} more of "
            + "these since the last one was logged")]
    private partial void MemoryFull(long megabytes, long untold);

    [LoggerMessage(EventId = 70, EventName = "ChangesNotWatched", Level = LogLevel.Warning,
        Message = "Readers of live queries are told of no changes until the database can be asked again{Cause}")]
    private partial void NotWatched(string cause, Exception? failure);
}
