using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Contract.Fuzz;

/// <summary>
/// Whatever is sent, the server never answers 500, throws an unhandled exception or hangs. Each refusal is a problem,
/// and afterwards the process holds no more than before. <c>CHUNKSTREAM_FUZZ_SEED</c> is the first seed and
/// <c>CHUNKSTREAM_FUZZ_COUNT</c> the number of seeds.
/// </summary>
[Collection(Alone.Collection)]
public sealed class FuzzTests(RealPostgres postgres)
{
    private const int WarmUpSeed = 1_000_000_000;
    private const int RequestsASeed = 50;
    private const int SeedsAtOnce = 8;
    private const int MostTold = 10;

    // What caches and pools may take: 8 KB for each request of the gate's run.
    private const int HeapBound = 32 * 1024 * 1024;
    private const int DescriptorBound = 10;

    private static readonly int FirstSeed = Setting("CHUNKSTREAM_FUZZ_SEED", 1);
    private static readonly int Seeds = Setting("CHUNKSTREAM_FUZZ_COUNT", 80);

    private readonly ConcurrentQueue<string> _faults = new();

    [Fact]
    public async Task Whatever_is_sent_there_is_no_500_no_hang_and_no_growth()
    {
        using var queries = FuzzedHost.QueryFiles();
        await using var open = await FuzzedHost.StartAsync(postgres.ConnectionString, key: null, queries);
        await using var keyed = await FuzzedHost.StartAsync(postgres.ConnectionString, key: "k3y", queries);
        FuzzedHost[] hosts = [open, keyed];

        // The first run makes what stays: database connections, buffers, compiled code.
        await RunAsync(hosts, Enumerable.Range(WarmUpSeed, 8));
        await SettleAsync(hosts);
        var (heap, descriptors) = (Heap(), await DescriptorsAsync());

        await RunAsync(hosts, Enumerable.Range(FirstSeed, Seeds));

        Assert.True(_faults.IsEmpty, $"{_faults.Count} faults:\n{string.Join("\n\n", _faults.Take(MostTold))}");
        await SettleAsync(hosts);
        await Bounded.Until(
            async () => await DescriptorsAsync() <= descriptors + DescriptorBound,
            $"about {descriptors} descriptors are open, as before");

        // Pools give back only after a time what they have not needed.
        await Bounded.Until(
            () => Task.FromResult(Heap() <= heap + HeapBound), $"the heap has about {heap} bytes, as before");
        foreach (var host in hosts)
            await AssertWorksAsync(host);
    }

    private async Task RunAsync(FuzzedHost[] hosts, IEnumerable<int> seeds)
    {
        var limits = new ParallelOptions { MaxDegreeOfParallelism = SeedsAtOnce };
        await Parallel.ForEachAsync(seeds, limits, async (seed, _) =>
        {
            var host = hosts[seed & 1];
            await new FuzzSeed(new Uri(host.Api.Origin), seed, host.Key).RunAsync(RequestsASeed, _faults.Enqueue);
            foreach (var complaint in host.Complaints())
                _faults.Enqueue(
                    string.Create(CultureInfo.InvariantCulture, $"seed {seed}, or one at the same time: {complaint}"));
        });
    }

    private async Task SettleAsync(FuzzedHost[] hosts)
    {
        foreach (var host in hosts)
        {
            await Bounded.Until(() => Task.FromResult(host.Active == 0), "no stream is open");
            await Bounded.Until(() => Task.FromResult(host.Readers == 0), "nobody follows a durable stream");
        }

        await postgres.AssertNothingRunsAsync();
    }

    private static async Task AssertWorksAsync(FuzzedHost host)
    {
        using var health = await host.Api.GetAsync("/api/health");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/queries/keyed");
        request.Headers.Add("x-functions-key", host.Key ?? "");
        using var response = await host.Api.Client.SendAsync(request).Within();

        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        Assert.Equal(500, (await response.Content.ReadAsStringAsync().Within()).Split('\n').Length - 1);
    }

    private static long Heap()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    // Database connections are not counted: they stay in the pool, which has a bound. Only Linux can count descriptors.
    private async Task<long> DescriptorsAsync() => !Directory.Exists("/proc/self/fd")
        ? 0
        : Directory.GetFiles("/proc/self/fd").Length
            - await postgres.ScalarAsync<long>(
                "select count(*) from pg_stat_activity where application_name = 'ChunkStream'");

    private static int Setting(string name, int otherwise)
        => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var number)
            ? number
            : otherwise;
}
