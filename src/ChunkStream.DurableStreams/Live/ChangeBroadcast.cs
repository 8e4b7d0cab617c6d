using ChunkStream.DurableStreams.Store;

namespace ChunkStream.DurableStreams.Live;

/// <summary>Tells this process's readers of a change at once, and the other instances by a notification.</summary>
internal sealed class ChangeBroadcast(LiveStreams live, ChangeNotifier notifier) : IChangeSink
{
    /// <inheritdoc />
    public void Tell(long id, long? tail)
    {
        live.Changed(id, tail);
        notifier.Changed(id, tail);
    }
}
