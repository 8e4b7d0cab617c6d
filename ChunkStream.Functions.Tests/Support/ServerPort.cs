using ChunkStream.LocalHost.Embedded;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>
/// Ports for servers that are told where to listen. They are none of those that systems give to whoever asks for any
/// port: such a port could be taken before the server listens, or while it is started again.
/// </summary>
internal static class ServerPort
{
    // Above those that browsers refuse to call, and below those that Linux gives to whoever asks for any.
    private const int Least = 12_000;
    private const int Count = 20_000;

    // Other test runs on the same machine begin elsewhere.
    private static uint _last = (uint)Random.Shared.Next(Count);

    /// <summary>A port that nothing listens on, and that no other test is given.</summary>
    public static int Take()
    {
        while (true)
        {
            var port = Least + (int)(Interlocked.Increment(ref _last) % Count);
            if (LoopbackPort.IsFree(port))
                return port;
        }
    }
}
