using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.LocalHost;
using ChunkStream.LocalHost.Embedded;
using ChunkStream.LocalHost.Web;
using Microsoft.Extensions.Logging;

namespace ChunkStream.Functions.Tests.LocalHost;

/// <summary>The local host as a user meets it: a process with a console.</summary>
[Collection(RealPostgres.Collection)]
public sealed class ProcessTests(RealPostgres postgres)
{
    [Fact]
    public async Task It_says_how_to_call_it_serves_and_stops_with_its_console()
    {
        var port = ServerPort.Take();
        using var process = Start("--port", $"{port}", "--database", postgres.ConnectionString);
        var said = new List<string>();
        while (await process.StandardOutput.ReadLineAsync().Within(WebProgram.StartLimit) is { } line)
        {
            said.Add(line);
            if (line == $"ChunkStream is ready: http://localhost:{port}/api")
                break;
        }

        Assert.Equal($"ChunkStream is ready: http://localhost:{port}/api", said[^1]);
        Assert.Contains($"curl -N \"http://localhost:{port}/api/public/queries/series?count=10\"", said);
        Assert.DoesNotContain(said, line => line.Contains("/api/public/streams/", StringComparison.Ordinal));
        string[] stream = [.. said.Where(line => line.Contains("/api/streams/", StringComparison.Ordinal))];
        Assert.Equal(
            [
                "curl -X PUT -H \"Content-Type: text/plain\" -d \"Hello\" "
                + $"\"http://localhost:{port}/api/streams/example\"",
                $"curl -N \"http://localhost:{port}/api/streams/example\"",
            ],
            stream);
        Assert.Equal(0, await HealthAsync(port));
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        Assert.Equal(
            "{\"n\":1,\"root\":1}\n",
            await client.GetStringAsync($"http://localhost:{port}/api/public/queries/series?count=1").Within());
        LoadedFiles.AssertNothingUnused(process.Id);
        if (OperatingSystem.IsLinux())
            Assert.DoesNotContain("Microsoft.OpenApi.dll", LoadedFiles.Of(process.Id));

        if (!OperatingSystem.IsWindows())
        {
            // They succeed as they are printed, also when they have been tried before.
            foreach (var command in stream.Concat(stream))
            {
                var checkedCommand = command.Replace(
                    "curl ", "curl --fail --silent --show-error ", StringComparison.Ordinal);
                await new ChildProcess("sh", "-c", checkedCommand).RunToSuccessAsync(default);
            }
            using var deleted = await client.DeleteAsync($"http://localhost:{port}/api/streams/example").Within();
            Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);

            // A console's Ctrl+C can't be sent to another process on Windows.
            using var kill = Process.Start("kill", $"-TERM {process.Id}");
            await process.WaitForExitAsync().Within();
            Assert.Equal(0, process.ExitCode);
            await Assert.ThrowsAnyAsync<HttpRequestException>(
                () => client.GetStringAsync($"http://localhost:{port}/api/health").Within());
            Assert.Equal(1, await HealthAsync(port));
        }
        else
        {
            process.Kill(entireProcessTree: true);
        }
    }

    [Fact]
    public async Task A_port_that_is_taken_is_said_so_before_anything_is_started()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        using var process = Start("--port", $"{port}", "--database", postgres.ConnectionString);

        var output = process.StandardOutput.ReadToEndAsync();
        var error = await process.StandardError.ReadToEndAsync().Within();
        await process.WaitForExitAsync().Within();

        Assert.NotEqual(0, process.ExitCode);
        Assert.Contains($"{port}", error, StringComparison.Ordinal);
        Assert.Contains("--port chooses another port", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.Equal("Using the database", (await output.Within())[..18]);
        Assert.Single((await output).TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task A_port_that_is_taken_meanwhile_is_said_so_and_is_no_failure_of_what_runs_beside()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        using var log = new RecordedLog();
        var builder = ApiHost.CreateBuilder();
        builder.Logging.ClearProviders().AddProvider(log);
        builder.Configuration["ConnectionStrings:Postgres"] = postgres.ConnectionString;

        var failure = await Assert.ThrowsAsync<StartupFailure>(() => ApiHost.RunAsync(
            new LocalApp(),
            builder,
            new LocalHostOptions(),
            ((IPEndPoint)taken.LocalEndpoint).Port,
            CancellationToken.None).Within());

        Assert.Contains("--port chooses another port", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(log.Entries, entry => entry.Level >= LogLevel.Error);
    }

    private static async Task<int> HealthAsync(int port)
    {
        using var process = Start("--health", "--port", $"{port}");
        await process.WaitForExitAsync().Within();
        return process.ExitCode;
    }

    private static Process Start(params string[] arguments)
        => Process.Start(new ProcessStartInfo("dotnet", [typeof(LocalHostOptions).Assembly.Location, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
}
