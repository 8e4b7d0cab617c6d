using System.Diagnostics;
using System.Net.Sockets;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;
using ChunkStream.LocalHost.Web.Connections;

namespace ChunkStream.Functions.Tests.LocalHost.Connections;

public sealed class ConnectionLimitTests
{
    [Theory]
    [InlineData("Max open files            1024                 20000                files     ", 1024)]
    [InlineData("Max open files            unlimited            unlimited            files     ", null)]
    [InlineData("Max processes             1024                 20000                processes ", null)]
    public void The_limit_in_force_is_read(string line, int? limit)
        => Assert.Equal(
            limit,
            Descriptors.Parse(
                ["Limit                     Soft Limit           Hard Limit           Units     ", line]));

    [Theory]
    [InlineData(20_000, 60, 19_580)]
    [InlineData(1024, 60, 604)]
    [InlineData(512, 60, 92)]
    [InlineData(256, 60, 16)]
    public void The_database_and_the_process_itself_have_theirs_first(
        int limit, int databaseConnections, int forClients)
        => Assert.Equal(forClients, Descriptors.ForClients(limit, databaseConnections));

    [Fact]
    public async Task Beyond_the_limit_connections_wait_idle_ones_are_closed_and_what_is_open_goes_on()
    {
        await using var api = await LocalApi.StartAsync(settings: ("ChunkStream:LocalHost:MaxConnections", "4"));
        var server = api.Client.BaseAddress!;
        var script = new ScriptedSource().Yield("first");
        using var streaming = await RawEnd.AskAsync(
            server, api.Serve(ChunkStream.Formats.StreamFormats.Ndjson, script.Open), "1.1");
        var begun = await RawEnd.ReadUntilAsync(streaming, "first");
        var idle = await ConnectAsync(server, 8);

        Assert.Equal("Line 0\n", await api.Client.GetStringAsync("/api/lines?count=1").Within());
        script.Yield("last").End();
        var end = await RawEnd.ReadAsync(streaming, begun: begun);

        Assert.True(end.HasLastChunk);
        Assert.Contains("\"last\"", end.Text, StringComparison.Ordinal);
        Assert.Single(api.Log.Entries, entry => entry.Event.Name == "ConnectionsWait");
        foreach (var socket in idle)
            socket.Dispose();
        for (var time = 0; time < 20; time++)
        {
            using var again = await RawEnd.AskAsync(server, "/api/lines?count=1", "1.0");
            Assert.EndsWith("Line 0\n", (await RawEnd.ReadAsync(again)).Text, StringComparison.Ordinal);
        }

        // Those that wait for a place don't keep the host from stopping.
        var more = await ConnectAsync(server, 10);
        await api.StopAsync().Within();
        foreach (var socket in more)
            socket.Dispose();
    }

    [DescriptorFact]
    public async Task Connections_that_are_closed_are_forgotten_also_behind_one_that_stays_open()
    {
        await using var api = await LocalApi.StartAsync();
        var server = api.Client.BaseAddress!;
        var lasting = await ConnectAsync(server, 1);
        for (var time = 0; time < 30; time++)
        {
            using var once = await RawEnd.AskAsync(server, "/api/lines?count=1", "1.0");
            Assert.EndsWith("Line 0\n", (await RawEnd.ReadAsync(once)).Text, StringComparison.Ordinal);
        }

        await Bounded.Until(
            () => Task.FromResult(api.Get<ConnectionLimit>().KeptOpen == 1), "only the one that stays open is known");
        lasting[0].Dispose();
    }

    [DescriptorFact]
    public async Task A_process_that_may_open_few_files_survives_more_connections_than_that_and_its_kill_is_a_reset()
    {
        var port = ServerPort.Take();
        var server = new Uri($"http://127.0.0.1:{port}");
        string[] program =
        [
            "dotnet", typeof(TestHost).Assembly.Location,
            "--port", $"{port}",
            "--database", "Host=127.0.0.1;Port=1;Username=x;Database=x",
        ];
        string[] shell = ["-c", "ulimit -n 512; exec \"$@\"", "sh", .. program];
        using var process = Process.Start(new ProcessStartInfo("sh", shell) { RedirectStandardOutput = true })!;
        while (await process.StandardOutput.ReadLineAsync().Within(WebProgram.StartLimit) is { } line
            && !line.StartsWith("ChunkStream is ready", StringComparison.Ordinal))
        {
        }

        _ = process.StandardOutput.ReadToEndAsync();
        using var streaming = await RawEnd.AskAsync(
            server, "/api/lines?count=60&intervalMs=50", "1.1", "Connection: close\r\n");
        using var endless = await RawEnd.AskAsync(server, "/api/lines?count=100000&intervalMs=50", "1.0");
        var (begun, killed) =
            (await RawEnd.ReadUntilAsync(streaming, "Line 0"), await RawEnd.ReadUntilAsync(endless, "Line 0"));
        var idle = await ConnectAsync(server, 500);
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = server,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        var asked = client.GetStringAsync("/api/lines?count=1");

        var end = await RawEnd.ReadAsync(streaming, begun: begun);
        Assert.True(end.HasLastChunk);
        Assert.Contains("Line 59\n", end.Text, StringComparison.Ordinal);
        foreach (var socket in idle)
            socket.Dispose();
        Assert.Equal("Line 0\n", await asked.Within());
        Assert.Equal("Line 0\n", await client.GetStringAsync("/api/lines?count=1").Within());
        Assert.False(process.HasExited);

        // Nobody is left to say that this is not the end.
        process.Kill();
        var cut = await RawEnd.ReadAsync(endless, begun: killed);
        Assert.True(cut.IsReset);
    }

    private static async Task<Socket[]> ConnectAsync(Uri server, int count)
    {
        var sockets = Enumerable.Range(0, count).Select(_ => new Socket(SocketType.Stream, ProtocolType.Tcp)).ToArray();
        foreach (var socket in sockets)
            await socket.ConnectAsync(server.Host, server.Port).Within();
        return sockets;
    }
}

/// <summary>Needs a system that counts the files of a process.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class DescriptorFactAttribute : FactAttribute
{
    public DescriptorFactAttribute()
    {
        if (!OperatingSystem.IsLinux())
            Skip = "ulimit -n is no limit here that a test could set.";
    }
}
