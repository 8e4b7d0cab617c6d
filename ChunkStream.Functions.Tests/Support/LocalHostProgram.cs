using System.Net;
using System.Net.Sockets;
using ChunkStream.LocalHost;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>The local host as a process of its own.</summary>
internal sealed class LocalHostProgram : IAsyncDisposable
{
    private const string Ready = "ChunkStream is ready: ";

    private readonly RunningProgram _program;

    private LocalHostProgram(RunningProgram program, string address)
    {
        _program = program;
        Client = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new Uri(address),
            Timeout = Bounded.Limit,
        };
    }

    public HttpClient Client { get; }

    /// <summary>The process's id.</summary>
    public int Id => _program.Id;

    /// <summary>Starts it on a free port, and waits until it serves.</summary>
    /// <param name="arguments">Beside the port.</param>
    /// <param name="environment">Variables beside those of the tests.</param>
    public static async Task<LocalHostProgram> StartAsync(
        string[] arguments, params (string Name, string Value)[] environment)
    {
        string[] command = [typeof(LocalHostOptions).Assembly.Location, "--port", $"{FreePort()}", .. arguments];
        var program = RunningProgram.Start("dotnet", command, folder: null, environment);
        try
        {
            while (true)
            {
                var line = await program.ReadLineAsync();
                if (line.StartsWith(Ready, StringComparison.Ordinal))
                    return new LocalHostProgram(program, line[Ready.Length..]);
            }
        }
        catch
        {
            await program.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits for its end.</summary>
    public async Task EndAsync() => await _program.EndAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _program.DisposeAsync();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
