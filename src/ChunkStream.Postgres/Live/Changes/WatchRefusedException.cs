namespace ChunkStream.Postgres.Live.Changes;

/// <summary>A table can't be watched, or not yet.</summary>
/// <param name="message">Why, in words for an operator.</param>
/// <param name="script">The script that its owner could run instead; null if that would not help.</param>
/// <param name="cause">What Postgres said.</param>
internal sealed class WatchRefusedException(string message, string? script, Exception? cause)
    : Exception(message, cause)
{
    /// <summary>The script that its owner could run instead; null if that would not help.</summary>
    public string? Script => script;

    /// <summary>Whether the server is a standby, which may pass.</summary>
    public bool IsStandby { get; init; }

    /// <summary>Whether it passes when others have ended what they do with the table or its log.</summary>
    public bool MayPass { get; init; }
}
