using ChunkStream.DurableStreams.Recordings;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream.Chat;

/// <summary>Looks up what chats need in the services of a request.</summary>
internal static class ChatServices
{
    /// <summary>The recordings of this process, and the way to all others.</summary>
    /// <exception cref="InvalidOperationException">The app lacks <c>AddDurableStreams()</c>.</exception>
    public static RecordingRegistry Recordings(this IServiceProvider services) => services.Get<RecordingRegistry>();

    /// <summary>The recordings in the database.</summary>
    /// <exception cref="InvalidOperationException">The app lacks <c>AddDurableStreams()</c>.</exception>
    public static RecordingStore Store(this IServiceProvider services) => services.Get<RecordingStore>();

    private static T Get<T>(this IServiceProvider services)
        where T : class
        => services.GetService<T>() ?? throw new InvalidOperationException(
            "Chats are recorded, and recordings are not registered: call AddDurableStreams() on what AddChunkStream() "
            + "returns, or UseChunkStream().AddDurableStreams() in a function app.");
}
