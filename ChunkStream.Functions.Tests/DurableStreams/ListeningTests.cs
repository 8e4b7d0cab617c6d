using System.Globalization;
using System.Text.Json;
using ChunkStream.Functions.Tests.Support;
using Xunit.Abstractions;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>
/// Readers hear of appends on another instance through their process's one listening connection, and get them also
/// while that connection is lost.
/// </summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class ListeningTests(RealPostgres postgres, ITestOutputHelper output)
{
    private const string Json = "application/json";

    // Limits for a busy machine. The times measured are in the output.
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan AfterLoss = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task Losing_the_listening_connection_delays_what_is_appended_elsewhere_and_loses_none_of_it()
    {
        await using var here = await LocalApi.StartAsync(postgres.ConnectionString);
        await using var there = await LocalApi.StartAsync(postgres.ConnectionString);
        var path = await here.CreateAsync(Json);
        using var live = await LiveResponse.OpenAsync(there, path);
        await live.NextPairAsync();
        var waits = new WaitingTimes(here, live, path);
        // The first measurement waits until the process listens and all code has run once.
        await Bounded.Until(async () => await ListenersAsync() == 1, "somebody listens");
        await waits.MeasureAsync(30);

        var before = await waits.MeasureAsync(60);
        var lost = new List<double>();
        for (var n = 0; n < 5; n++)
        {
            Assert.Equal(1, await TerminateAsync());
            lost.AddRange(await waits.MeasureAsync(1));
            await Bounded.Until(async () => await ListenersAsync() == 1, "somebody listens again");
        }

        var after = await waits.MeasureAsync(60);

        // For some seconds nobody can listen.
        using var ending = new CancellationTokenSource(TimeSpan.FromSeconds(4));
        var terminating = Task.Run(async () =>
        {
            while (!ending.IsCancellationRequested)
                await TerminateAsync();
        });
        var deaf = new List<double>();
        while (!ending.IsCancellationRequested)
            deaf.AddRange(await waits.MeasureAsync(1));
        await terminating.Within();
        await Bounded.Until(async () => await ListenersAsync() == 1, "somebody listens after all");
        var again = await waits.MeasureAsync(60);

        foreach (var (name, times) in new[]
        {
            ("before", before),
            ("right after a loss", lost),
            ("after", after),
            ("while it is lost again and again", deaf),
            ("at last", again),
        })
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name}: median {Median(times):F1} ms, longest {times.Max():F1} ms of {times.Count}"));
        Assert.All(new[] { before, after, again }, times => Assert.InRange(Median(times), 0, Usual.TotalMilliseconds));
        Assert.All(lost.Concat(deaf), time => Assert.InRange(time, 0, AfterLoss.TotalMilliseconds));
    }

    private static double Median(List<double> times) => times.Order().ElementAt(times.Count / 2);

    private Task<long> ListenersAsync()
        => postgres.ScalarAsync<long>(
            "select count(*) from pg_stat_activity where query = 'listen chunkstream' and state = 'idle'");

    private Task<long> TerminateAsync()
        => postgres.ScalarAsync<long>(
            "select count(pg_terminate_backend(pid, 1000)) from pg_stat_activity where query = 'listen chunkstream'");

    /// <summary>
    /// Measures how long a reader on one instance waits after an append on the other is acknowledged, and checks that
    /// it gets everything in order.
    /// </summary>
    private sealed class WaitingTimes(LocalApi writer, LiveResponse reader, string path)
    {
        private int _next;

        public async Task<List<double>> MeasureAsync(int count)
        {
            var times = new List<double>();
            for (var n = 0; n < count; n++)
            {
                var reading = reader.NextPairAsync();
                await writer.AppendAsync(path, Json, $"[{_next}]");
                var appended = TimeProvider.System.GetTimestamp();
                var (data, _) = await reading;
                times.Add(TimeProvider.System.GetElapsedTime(appended).TotalMilliseconds);
                Assert.Equal([_next++], JsonSerializer.Deserialize<int[]>(data!)!);
            }

            return times;
        }
    }
}
