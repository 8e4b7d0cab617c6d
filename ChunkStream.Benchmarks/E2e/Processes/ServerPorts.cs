using ChunkStream.LocalHost.Embedded;

namespace ChunkStream.Benchmarks.E2e.Processes;

/// <summary>
/// Ports for the servers: in a range of their own, since one that the system hands out may be taken again.
/// </summary>
internal static class ServerPorts
{
    private const int First = 7300;
    private const int Last = 7399;

    private static int _next = First;

    /// <summary>A port that nothing listens on.</summary>
    public static int Next()
    {
        for (var tries = First; tries <= Last; tries++)
        {
            var port = _next;
            _next = port == Last ? First : port + 1;
            if (LoopbackPort.IsFree(port))
                return port;
        }

        throw new LocalHost.StartupFailure($"None of the ports {First}–{Last} on 127.0.0.1 is free.");
    }
}
