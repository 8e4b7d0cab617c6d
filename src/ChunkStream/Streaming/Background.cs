using System.Diagnostics;

namespace ChunkStream.Streaming;

/// <summary>Work that a request begins, and that outlives it.</summary>
internal static class Background
{
    /// <summary>Runs the work on another thread. It is no part of the request's span.</summary>
    public static Task Run(Func<Task> work) => Task.Run(() =>
    {
        Activity.Current = null;
        return work();
    });
}
