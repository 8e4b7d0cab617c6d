using System.Diagnostics;
using System.Text.Json;
using ChunkStream.Benchmarks.Smoke.Checks;

namespace ChunkStream.Benchmarks.Smoke;

/// <summary>Runs the checks one after another, and prints what each has seen.</summary>
internal static class SmokeRun
{
    // A check that hangs has failed; what it waits for on purpose comes on top.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>0 if no check failed, 1 if one did.</summary>
    /// <param name="settings">Which app is asked, and for what.</param>
    /// <param name="cancellation">A token that ends the checks.</param>
    public static async Task<int> RunAsync(SmokeSettings settings, CancellationToken cancellation)
    {
        using var client = new SmokeClient(settings);
        ISmokeCheck[] checks =
        [
            new Health(), new ChunkTimes(), new Resuming(), new Rejoining(), new LiveReading(),
            .. settings.Leave > 0 ? [new Leaving()] : (ISmokeCheck[])[],
            .. settings.Silence > TimeSpan.Zero ? [new Silence()] : (ISmokeCheck[])[],
            .. settings.Hold > 0 ? [new Deployment()] : (ISmokeCheck[])[],
        ];
        await Console.Out.WriteLineAsync($"{settings.Url}\n\n| check | result | s | seen |\n|---|---|---:|---|");
        var failures = 0;
        foreach (var check in checks)
        {
            var start = Stopwatch.GetTimestamp();
            var (result, seen) = await ResultAsync(check, client, settings, cancellation);
            failures += result == "FAIL" ? 1 : 0;
            var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            var cell = seen.Replace("|", "\\|", StringComparison.Ordinal);
            await Console.Out.WriteLineAsync($"| {check.Name} | {result} | {seconds:0.0} | {cell} |");
        }

        return failures == 0 ? 0 : 1;
    }

    private static async Task<(string Result, string Seen)> ResultAsync(
        ISmokeCheck check, SmokeClient client, SmokeSettings settings, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Patience + check.Takes(settings));
        try
        {
            return ("pass", await check.RunAsync(client, settings, limit.Token));
        }
        catch (SmokeSkipped reason)
        {
            return ("skip", reason.Message);
        }
        catch (SmokeFailure failure)
        {
            return ("FAIL", failure.Message);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return ("FAIL", "It did not end in time.");
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            return ("FAIL", $"The connection failed: {failure.GetBaseException().Message}");
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return ("FAIL", $"The answer is not one of ChunkStream's: {failure.Message}");
        }
    }
}
