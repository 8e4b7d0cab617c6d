using System.Globalization;
using System.Net.Sockets;
using ChunkStream.Benchmarks.E2e.Cases;
using ChunkStream.Benchmarks.E2e.Servers;

namespace ChunkStream.Benchmarks.E2e;

/// <summary>
/// Runs the cases of a group in turns, so that whatever else happens on the machine hits all of them.
/// </summary>
/// <param name="group">The cases.</param>
/// <param name="plan">How often each case is run, and how long a run may take.</param>
/// <param name="progress">Is told of each run.</param>
internal sealed class GroupRun(CaseGroup group, BenchmarkPlan plan, IProgress<string> progress)
{
    private readonly Dictionary<IBenchmarkCase, CaseResult> _results =
        group.Cases.ToDictionary(one => one, one => new CaseResult(one.Name, one.What));

    /// <summary>Starts, warms up and measures all cases, and stops what was started.</summary>
    /// <returns>The result of each case, in their order.</returns>
    public async Task<IReadOnlyList<CaseResult>> RunAsync(CancellationToken cancellation)
    {
        try
        {
            foreach (var one in group.Cases)
                await StartAsync(one, cancellation);
            foreach (var one in Running().Where(one => one.HasWarmUp))
                await TryRunAsync(one, round: null, cancellation);
            for (var round = 1; round <= plan.Rounds; round++)
            {
                foreach (var one in Running().Where(one => round <= one.MostRounds))
                    await TryRunAsync(one, round, cancellation);
            }

            return [.. group.Cases.Select(one => _results[one])];
        }
        finally
        {
            foreach (var one in group.Cases)
                await one.DisposeAsync();
        }
    }

    private IBenchmarkCase[] Running() => [.. group.Cases.Where(one => _results[one].Failure is null)];

    private async Task StartAsync(IBenchmarkCase one, CancellationToken cancellation)
    {
        try
        {
            await one.StartAsync(cancellation);
        }
        catch (MissingPeerException e)
        {
            _results[one].Miss(e.Message);
            progress.Report($"{one.Name}: not measured. {e.Message}");
        }
    }

    private async Task TryRunAsync(IBenchmarkCase one, int? round, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(plan.RunLimit);
        try
        {
            var before = Environment.CpuUsage.TotalTime;
            var sample = await one.RunAsync(limit.Token);
            var client = Environment.CpuUsage.TotalTime - before;
            if (round is { } number)
                _results[one].Add(number, sample);
            _results[one].PeakBytes = one.Usage.PeakBytes;
            progress.Report(Line(one, round, sample, client));
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            Fail(one, $"A run did not end within {plan.RunLimit.TotalSeconds:0} s.");
        }
        catch (Exception e) when (e is InvalidDataException or SocketException or IOException)
        {
            Fail(one, e.Message);
        }
    }

    private void Fail(IBenchmarkCase one, string reason)
    {
        _results[one].Fail(reason);
        progress.Report($"{one.Name}: failed. {reason}");
    }

    private static string Line(IBenchmarkCase one, int? round, Sample sample, TimeSpan client) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(round is null ? "warm-up" : $"round {round}"),-8} {one.Name,-20} {sample.Wall.TotalSeconds,7:0.000} s"
        + $"  {sample.Records / sample.Wall.TotalSeconds,12:N0} records/s"
        + $"  {sample.Cpu?.TotalSeconds,6:0.00} s of CPU  {one.Usage.PeakBytes / 1e6,6:0} MB"
        // Whatever the client takes from the machine, it takes from what it measures.
        + $"  client {client.TotalSeconds,5:0.00} s");
}
