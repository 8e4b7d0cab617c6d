using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.LocalHost;

namespace ChunkStream.Functions.Tests.LocalHost;

/// <summary>The local host as a user meets it: a process with a console.</summary>
[Collection(RealPostgres.Collection)]
public sealed class ProcessTests(RealPostgres postgres)
{
    [Fact]
    public async Task It_says_how_to_call_it_serves_and_stops_with_its_console()
    {
        var port = FreePort();
        using var process = Start("--port", $"{port}", "--database", postgres.ConnectionString);
        var said = new List<string>();
        while (await process.StandardOutput.ReadLineAsync().Within() is { } line)
        {
            said.Add(line);
            if (line == $"ChunkStream is ready: http://localhost:{port}/api")
                break;
        }

        Assert.Equal($"ChunkStream is ready: http://localhost:{port}/api", said[^1]);
        Assert.Contains($"curl -N \"http://localhost:{port}/api/stream?chunks=10&intervalMs=1000\"", said);
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        Assert.Equal("Chunk 0\n", await client.GetStringAsync($"http://localhost:{port}/api/stream?chunks=1").Within());

        if (!OperatingSystem.IsWindows())
        {
            // A console's Ctrl+C can't be sent to another process on Windows.
            using var kill = Process.Start("kill", $"-TERM {process.Id}");
            await process.WaitForExitAsync().Within();
            Assert.Equal(0, process.ExitCode);
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.GetStringAsync($"http://localhost:{port}/api/health").Within());
        }
        else
        {
            process.Kill(entireProcessTree: true);
        }
    }

    [Fact]
    public async Task A_port_that_is_taken_is_said_so()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        using var process = Start("--port", $"{port}", "--database", postgres.ConnectionString);

        var error = await process.StandardError.ReadToEndAsync().Within();
        await process.WaitForExitAsync().Within();

        Assert.NotEqual(0, process.ExitCode);
        Assert.Contains($"{port}", error, StringComparison.Ordinal);
        Assert.Contains("--port chooses another port", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    private static Process Start(params string[] arguments)
        => Process.Start(new ProcessStartInfo("dotnet", [typeof(LocalHostOptions).Assembly.Location, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
