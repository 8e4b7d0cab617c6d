using ChunkStream.LocalHost;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>
/// This assembly as a program: the local host as a process of its own, with the generators of
/// <see cref="LocalApi.TestApp"/>. It takes the options <c>--port</c> and <c>--database</c>.
/// </summary>
internal static class TestHost
{
    public static async Task<int> Main(string[] arguments)
    {
        // The buffers have the sizes that users get. The tests' own process has tiny ones.
        AppContext.SetSwitch("ChunkStream.TinyBuffers", false);
        using var shutdown = new ShutdownSignal();
        return await CommandLine.InvokeAsync(
            arguments,
            data: null,
            (settings, cancellation) => LocalHostRun.RunAsync(LocalApi.TestApp(), settings, cancellation),
            new() { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false },
            shutdown.Token);
    }
}
