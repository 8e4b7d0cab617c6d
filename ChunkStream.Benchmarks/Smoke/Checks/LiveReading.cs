using System.Diagnostics;

namespace ChunkStream.Benchmarks.Smoke.Checks;

/// <summary>What is appended to a durable stream reaches a live reader at once.</summary>
internal sealed class LiveReading : ISmokeCheck
{
    private const int Appends = 10;

    public string Name => "appends reach a live reader";

    public async Task<string> RunAsync(SmokeClient client, SmokeSettings settings, CancellationToken cancellation)
    {
        await using var stream = await SmokeStream.CreateAsync(client, cancellation);
        var reader = new SmokeReader(client, stream.Path);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var reading = reader.RunAsync(over.Token);
        var times = new List<double>();
        for (var number = 0; number < Appends; number++)
        {
            await stream.AppendAsync(number, cancellation);
            var acknowledged = Stopwatch.GetTimestamp();
            await reader.UntilAsync(number + 1, cancellation);
            times.Add(Stopwatch.GetElapsedTime(acknowledged).TotalMilliseconds);
        }

        await over.CancelAsync();
        await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return reader.Mistake(Appends) is { } mistake
            ? throw new SmokeFailure(mistake)
            : $"{Appends} appends, each read at most {times.Max():0} ms after it was acknowledged";
    }
}
