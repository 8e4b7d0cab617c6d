using ChunkStream.LocalHost;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>A web app that runs as a process of its own, as it was built, on a free port.</summary>
internal sealed class WebProgram : IAsyncDisposable
{
    /// <summary>How long a program may take until it can be called, if several start on a busy machine.</summary>
    public static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);

    private readonly RunningProgram _program;

    private WebProgram(RunningProgram program, string address)
    {
        _program = program;
        Client = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new Uri(address),
            Timeout = Bounded.ClientLimit,
        };
    }

    public HttpClient Client { get; }

    /// <summary>The process's id.</summary>
    public int Id => _program.Id;

    /// <summary>Starts an app of ASP.NET Core, and waits until it listens.</summary>
    /// <param name="assembly">The path of its assembly.</param>
    /// <param name="environment">Variables beside those of the tests.</param>
    public static Task<WebProgram> StartAsync(string assembly, params (string Name, string Value)[] environment)
        => StartAsync(
            assembly, [], "Now listening on: ", [("ASPNETCORE_URLS", "http://127.0.0.1:0"), .. environment]);

    /// <summary>Starts the local host, and waits until it is ready.</summary>
    /// <param name="arguments">Beside the port.</param>
    /// <param name="environment">Variables beside those of the tests.</param>
    public static Task<WebProgram> StartLocalHostAsync(
        string[] arguments, params (string Name, string Value)[] environment)
        => StartAsync(
            typeof(LocalHostOptions).Assembly.Location, ["--port", $"{ServerPort.Take()}", .. arguments],
            "ChunkStream is ready: ", environment);

    /// <summary>Waits for its end.</summary>
    public async Task EndAsync() => await _program.EndAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _program.DisposeAsync();
    }

    /// <param name="assembly">The path of its assembly.</param>
    /// <param name="arguments">What it is told.</param>
    /// <param name="ready">What it says before its address, once it can be called.</param>
    /// <param name="environment">Variables beside those of the tests.</param>
    private static async Task<WebProgram> StartAsync(
        string assembly, string[] arguments, string ready, (string Name, string Value)[] environment)
    {
        var program = RunningProgram.Start(
            "dotnet", [assembly, .. arguments], Path.GetDirectoryName(assembly), environment);
        try
        {
            while (true)
            {
                var line = await program.ReadLineAsync(StartLimit);
                var at = line.IndexOf(ready, StringComparison.Ordinal);
                if (at >= 0)
                    return new WebProgram(program, line[(at + ready.Length)..]);
            }
        }
        catch
        {
            await program.DisposeAsync();
            throw;
        }
    }
}
