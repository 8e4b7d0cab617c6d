using Microsoft.Extensions.Logging;

namespace ChunkStream.Postgres.Queries;

/// <summary>Every log event of the query files.</summary>
internal sealed partial class QueryLog(ILogger logger)
{
    /// <summary>A file is broken; the others serve.</summary>
    public void Broken(string file, IEnumerable<QueryMistake> mistakes)
    {
        foreach (var mistake in mistakes)
            Broken(file, mistake.Line, mistake.Reason);
    }

    [LoggerMessage(EventId = 10, EventName = "QueryBroken", Level = LogLevel.Error,
        Message = "Query file {File} is broken, line {Line}: {Reason}")]
    private partial void Broken(string file, int line, string reason);

    /// <summary>Something about a file is not certain.</summary>
    [LoggerMessage(EventId = 11, EventName = "QueryDoubtful", Level = LogLevel.Warning,
        Message = "Query file {File}, line {Line}: {Reason}")]
    public partial void Doubtful(string file, int line, string reason);

    /// <summary>All files have been checked.</summary>
    public void Checked(string folder, IReadOnlyList<string> serving)
    {
        var names = string.Join(", ", serving);
        Checked(folder, serving.Count, names);
    }

    [LoggerMessage(EventId = 12, EventName = "QueriesChecked", Level = LogLevel.Information,
        Message = "Folder {Folder} has {Count} queries that serve: {Names}")]
    private partial void Checked(string folder, int count, string names);

    /// <summary>The database can't be asked about the files.</summary>
    [LoggerMessage(EventId = 13, EventName = "QueriesNotChecked", Level = LogLevel.Warning,
        Message = "The queries could not be checked against the database: {Reason}")]
    public partial void NotChecked(string reason, Exception? failure);

    /// <summary>There is no key for tokens.</summary>
    [LoggerMessage(EventId = 14, EventName = "NoResumeKey", Level = LogLevel.Warning,
        Message = "ChunkStream:ResumeKey is not set: streams have no checkpoints, and can't be resumed")]
    public partial void NoResumeKey();
}
