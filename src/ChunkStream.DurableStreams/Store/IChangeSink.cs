namespace ChunkStream.DurableStreams.Store;

/// <summary>Is told of each change to a stream, once the database has it.</summary>
internal interface IChangeSink
{
    /// <summary>A stream has changed.</summary>
    /// <param name="id">The stream's number.</param>
    /// <param name="tail">Its new tail; null where something else is new about it: it was closed or deleted.</param>
    void Tell(long id, long? tail);
}
