namespace ChunkStream.Functions.Tests.Support;

/// <summary>A web app that runs as a process of its own, on a port that the system chose.</summary>
internal sealed class WebProgram : IAsyncDisposable
{
    private const string Listening = "Now listening on: ";

    private readonly RunningProgram _program;

    private WebProgram(RunningProgram program, string address)
    {
        _program = program;
        Client = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new Uri(address),
            Timeout = Bounded.Limit,
        };
    }

    public HttpClient Client { get; }

    /// <summary>Starts it, and waits until it listens.</summary>
    /// <param name="assembly">The path of its assembly.</param>
    /// <param name="environment">Variables beside those of the tests.</param>
    public static async Task<WebProgram> StartAsync(string assembly, params (string Name, string Value)[] environment)
    {
        var program = RunningProgram.Start(
            "dotnet",
            [assembly],
            Path.GetDirectoryName(assembly),
            [("ASPNETCORE_URLS", "http://127.0.0.1:0"), .. environment]);
        try
        {
            while (true)
            {
                var line = await program.ReadLineAsync();
                var at = line.IndexOf(Listening, StringComparison.Ordinal);
                if (at >= 0)
                    return new WebProgram(program, line[(at + Listening.Length)..]);
            }
        }
        catch
        {
            await program.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _program.DisposeAsync();
    }
}
