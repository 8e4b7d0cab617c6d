using System.Globalization;
using ChunkStream.Functions.Tests.Support;
using Xunit.Abstractions;

namespace ChunkStream.Functions.Tests.DurableStreams.Chaos;

/// <summary>
/// What was acknowledged is in the stream once, and all readers see the same order, whether processes or connections
/// are killed meanwhile.
/// <c>CHUNKSTREAM_CHAOS_SECONDS</c> says for how long, <c>CHUNKSTREAM_CHAOS_SEED</c> repeats the choices of a run.
/// </summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class ChaosTests(RealPostgres postgres, ITestOutputHelper output)
{
    private const int LeastKills = 3;

    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(Number("CHUNKSTREAM_CHAOS_SECONDS") ?? 12);

    [Fact]
    public Task Killing_processes_loses_nothing_and_doubles_nothing()
        => RunAsync(async (instances, chance, isOver) =>
        {
            var kills = 0;
            while (!isOver() || kills < LeastKills)
            {
                await Task.Delay(chance.Next(200, 2_000));
                var victim = chance.Next(2);
                instances[victim].Kill();
                kills++;
                if (chance.Next(4) == 0)
                {
                    await Task.Delay(chance.Next(100));
                    instances[1 - victim].Kill();
                    kills++;
                    await Task.Delay(chance.Next(300));
                    await instances[1 - victim].StartAsync();
                }

                await instances[victim].StartAsync();
            }

            return $"{kills} processes killed";
        });

    [Fact]
    public Task Killing_connections_loses_nothing_and_doubles_nothing()
        => RunAsync(async (_, chance, isOver) =>
        {
            var kills = 0L;
            while (!isOver() || kills < LeastKills)
            {
                await Task.Delay(chance.Next(300));
                // Kills a few connections, sometimes none, sometimes all.
                kills += await postgres.ScalarAsync<long>(string.Create(
                    CultureInfo.InvariantCulture,
                    $"""
                    select count(pg_terminate_backend(pid))
                    from (select pid from pg_stat_activity where application_name = 'ChunkStream streams'
                    """
                    + $" order by random() limit {chance.Next(10) switch { 0 => 100, var n => n % 4 }}) p"));
            }

            return $"{kills} connections killed";
        });

    private async Task RunAsync(Func<LocalHostProcess[], Random, Func<bool>, Task<string>> trouble)
    {
        var seed = Number("CHUNKSTREAM_CHAOS_SEED") ?? Random.Shared.Next();
        output.WriteLine($"CHUNKSTREAM_CHAOS_SEED={seed}");
        using var first = new LocalHostProcess(postgres.ConnectionString);
        using var second = new LocalHostProcess(postgres.ConnectionString);
        LocalHostProcess[] instances = [first, second];
        await Task.WhenAll(first.StartAsync(), second.StartAsync());
        using var run = new ChaosRun(seed, [first.Address, second.Address]);
        var start = TimeProvider.System.GetTimestamp();
        try
        {
            var killed = "";
            var happened = await run.RunAsync(async () => killed = await trouble(
                instances, run.Chance(0), () => TimeProvider.System.GetElapsedTime(start) > Duration));
            output.WriteLine($"{killed}; {happened}");
        }
        catch (Exception)
        {
            foreach (var instance in instances)
                output.WriteLine($"--- {instance.Address} said:\n{instance.Said}");
            throw;
        }
    }

    private static int? Number(string variable)
        => int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
}
