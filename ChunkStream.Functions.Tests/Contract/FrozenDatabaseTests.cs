using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;

namespace ChunkStream.Functions.Tests.Contract;

/// <summary>
/// A database that accepts connections but never answers, as on a frozen machine, delays only the requests that need
/// it, and those no longer than a limit.
/// </summary>
[Collection(RealPostgres.Collection)]
public sealed class FrozenDatabaseTests(RealPostgres postgres)
{
    private const int Clients = 45;

    // /health promises an answer within three seconds. The rest is for a busy machine.
    private static readonly TimeSpan HealthLimit = TimeSpan.FromSeconds(8);

    // A request that needs no database takes milliseconds. With a blocked thread pool it would take 10 s or more.
    private static readonly TimeSpan Promptly = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task A_server_that_accepts_and_never_answers_holds_up_nobody_else()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var port = ((IPEndPoint)silent.LocalEndpoint).Port;
        await using var api = await LocalApi.ServingAsync(
            $"Host=127.0.0.1;Port={port};Username=u;Password=p;Database=d", "select 1 as one");
        await WarmUpAsync(api);

        var clients = await Task.WhenAll(
            Enumerable.Range(0, Clients).Select(_ => RawClient.GetAsync(api.Client.BaseAddress!, "/api/db-stream")));
        await AssertUnhealthyAsync(api);
        foreach (var client in clients)
            client.Dispose();
        await AssertPromptAsync(api);
    }

    [FrozenFact]
    public async Task A_server_that_is_frozen_amid_streams_holds_up_nobody_else_and_all_goes_on_when_it_thaws()
    {
        var queries = new QueryFiles()
            .With(
                "rows",
                "select n, pg_sleep(case when n > 3 then 600 else 0 end)::text as slept from generate_series(1, 100) n")
            .With("ahead", "select n, repeat('x', 1000) as filler from generate_series(1, 100000) n")
            .With("after", "select 1 as one");
        await using var api = await LocalApi.ServingAsync(postgres.ConnectionString, queries);
        await WarmUpAsync(api);
        using (var made = await api.Client.PutAsync("/api/streams/frozen", null).Within())
            Assert.True(made.IsSuccessStatusCode);

        // Some streams wait for a row and some for readers that read nothing. Others begin when the server is already
        // frozen.
        var clients = await Task.WhenAll(Enumerable.Range(0, Clients)
            .Select(number => RawClient.GetAsync(
                api.Client.BaseAddress!, number % 3 == 0 ? "/api/queries/ahead" : "/api/db-stream")));
        foreach (var client in clients)
            await client.ReadBytesAsync(50);
        using (await FrozenServer.FreezeAsync(postgres))
        {
            var late = await Task.WhenAll(Enumerable.Range(0, Clients)
                .Select(number => RawClient.GetAsync(
                    api.Client.BaseAddress!,
                    number % 2 == 0 ? "/api/streams/frozen?offset=-1" : "/api/queries/after")));
            await AssertUnhealthyAsync(api);
            foreach (var client in clients.Concat(late))
                client.Dispose();
            await AssertPromptAsync(api);
            await AssertUnhealthyAsync(api);
        }

        await Bounded.Until(
            async () => (await api.GetAsync("/api/health")).IsSuccessStatusCode, "the database is healthy again");
        Assert.Equal("{\"one\":1}\n", await api.Client.GetStringAsync("/api/queries/after").Within());
        using (var read = await api.GetAsync("/api/streams/frozen?offset=-1"))
            Assert.True(read.IsSuccessStatusCode);
        await postgres.AssertNothingRunsAsync();
    }

    private static async Task WarmUpAsync(LocalApi api)
        => await api.Client.GetStringAsync("/api/lines?count=1&intervalMs=0").Within();

    private static async Task AssertUnhealthyAsync(LocalApi api)
    {
        using var health = await api.GetAsync("/api/health").Within(HealthLimit);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);
    }

    // Asks one after the other, while the host ends the streams of the clients that have left.
    private static async Task AssertPromptAsync(LocalApi api)
    {
        for (var time = 0; time < 20; time++)
        {
            await api.Client.GetStringAsync("/api/lines?count=1&intervalMs=0").Within(Promptly);
            await Task.Delay(20);
        }
    }

    /// <summary>All processes of the server stand still (SIGSTOP) until this is disposed.</summary>
    private sealed class FrozenServer : IDisposable
    {
        private readonly string[] _processes;

        private FrozenServer(string[] processes) => _processes = processes;

        public static async Task<FrozenServer> FreezeAsync(RealPostgres postgres)
        {
            var backend = await postgres.ScalarAsync<int>("select pg_backend_pid()");
            var server = await postgres.ScalarAsync<string>(
                "select split_part(pg_read_file('postmaster.pid'), e'\\n', 1)");
            Assert.NotEqual(backend.ToString(CultureInfo.InvariantCulture), server);

            // The postmaster is stopped first, so that it starts no more processes.
            var frozen = new FrozenServer([server, .. Children(server)]);
            frozen.Signal("-STOP");
            return frozen;
        }

        public void Dispose() => Signal("-CONT");

        private static IEnumerable<string> Children(string parent)
            => Directory.EnumerateDirectories("/proc").Where(folder => IsChild(folder, parent))
                .Select(folder => Path.GetFileName(folder)!);

        private static bool IsChild(string folder, string parent)
        {
            try
            {
                // 123 (name) S 100 …
                return File.ReadAllText(Path.Combine(folder, "stat")) is var stat
                    && stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1] == parent;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        }

        private void Signal(string signal)
        {
            using var kill = Process.Start("kill", [signal, .. _processes]);
            kill.WaitForExit();
        }
    }
}

/// <summary>A test that stops another process for a while, and continues it.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FrozenFactAttribute : FactAttribute
{
    public FrozenFactAttribute()
    {
        if (!OperatingSystem.IsLinux())
            Skip = "Processes are found by /proc, which only Linux has.";
    }
}
