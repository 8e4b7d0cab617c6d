namespace ChunkStream.DurableStreams.Live;

/// <summary>
/// One who wants to hear of changes to streams. It is told on the connection's thread, so it must not wait.
/// </summary>
internal interface IChangeObserver
{
    /// <summary>Whether it still wants to hear: asked now and then.</summary>
    bool IsListening { get; }

    /// <summary>A stream has changed.</summary>
    /// <param name="id">The stream's number.</param>
    /// <param name="tail">Its new tail; null where something else is new about it.</param>
    void Changed(long id, long? tail);

    /// <summary>Transactions in SQL have appended, and some of them may have sent no notice.</summary>
    void Untold();

    /// <summary>From now on changes are heard. Those from before may have been missed.</summary>
    void Began();

    /// <summary>Changes are not heard any more, for a while.</summary>
    void Lost();
}
