using System.Diagnostics;

namespace ChunkStream.Benchmarks.Smoke.Checks;

/// <summary>
/// Readers follow a durable stream while the app is deployed anew, or instances go for other reasons: they may be cut,
/// but each has every message once, in order.
/// </summary>
internal sealed class Deployment : ISmokeCheck
{
    public string Name => "nothing is lost during a deployment";

    public TimeSpan Takes(SmokeSettings settings) => settings.HoldTime;

    public async Task<string> RunAsync(SmokeClient client, SmokeSettings settings, CancellationToken cancellation)
    {
        await using var stream = await SmokeStream.CreateAsync(client, cancellation);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var readers = Enumerable.Range(0, settings.Hold).Select(_ => new SmokeReader(client, stream.Path)).ToArray();
        var reading = readers.Select(reader => reader.RunAsync(over.Token)).ToArray();
        await Console.Error.WriteLineAsync(
            $"{settings.Hold} readers are there for {settings.HoldTime.TotalSeconds:0} s: deploy now.");

        var messages = 0;
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < settings.HoldTime; messages++)
        {
            await stream.AppendAsync(messages, cancellation);
            await Task.Delay(200, cancellation);
        }

        // Who was cut at the end comes again.
        using var last = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        last.CancelAfter(TimeSpan.FromSeconds(60));
        var arriving = Task.WhenAll(readers.Select(reader => reader.UntilAsync(messages, last.Token)));
        await arriving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await over.CancelAsync();
        await Task.WhenAll(reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        var mistakes = readers.Select(reader => reader.Mistake(messages)).OfType<string>().ToArray();
        var (errors, ends) = (readers.Sum(reader => reader.Errors), readers.Sum(reader => reader.Ends));
        var seen = $"{messages} messages to {readers.Length} readers; "
            + $"{errors} errors and {ends} ends, each rejoined; {stream.Retries} appends sent again; at most "
            + $"{readers.Max(reader => reader.LongestGap).TotalSeconds:0.0} s without a response";
        return mistakes.Length == 0
            ? $"{seen}; none lost, none twice"
            : throw new SmokeFailure($"{mistakes.Length} readers went wrong. {mistakes[0]} {seen}");
    }
}
