namespace ChunkStream.Durable;

/// <summary>Where changes that were made here are told: to this process's readers at once, and to other instances.</summary>
internal sealed class StreamChanges(LiveStreams live, ChangeNotifier notifier)
{
    /// <summary>A stream is that far now, or with null is otherwise new: closed, or deleted.</summary>
    public void Tell(long id, long? tail)
    {
        live.Changed(id, tail);
        notifier.Changed(id, tail);
    }
}
