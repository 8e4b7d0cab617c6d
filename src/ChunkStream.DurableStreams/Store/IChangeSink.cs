namespace ChunkStream.DurableStreams.Store;

/// <summary>Where writes tell that they have changed a stream, once the database has them.</summary>
internal interface IChangeSink
{
    /// <summary>A stream has changed.</summary>
    /// <param name="id">The stream's number.</param>
    /// <param name="tail">Its new tail; null where something else is new about it: it was closed or deleted.</param>
    void Tell(long id, long? tail);
}
