using System.Diagnostics;

namespace ChunkStream.Benchmarks.Smoke.Checks;

/// <summary>
/// A stream whose generator says nothing for long goes on: heartbeats keep every proxy on the way from cutting it.
/// </summary>
internal sealed class Silence : ISmokeCheck
{
    public string Name => "silence is bridged by heartbeats";

    public TimeSpan Takes(SmokeSettings settings) => settings.Silence;

    public async Task<string> RunAsync(SmokeClient client, SmokeSettings settings, CancellationToken cancellation)
    {
        var path = settings.GeneratorPath(2, settings.Silence) + "&format=sse";
        using var response = await client.OpenAsync(path, cancellation);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
        var (heartbeats, records) = (0, 0);
        var longest = TimeSpan.Zero;
        for (var last = Stopwatch.GetTimestamp(); await LineAsync() is { } line; last = Stopwatch.GetTimestamp())
        {
            longest = TimeSpan.FromTicks(Math.Max(longest.Ticks, Stopwatch.GetElapsedTime(last).Ticks));
            heartbeats += line.StartsWith(':') ? 1 : 0;
            // Texts are records; schema and end are objects.
            records += line.StartsWith("data:", StringComparison.Ordinal) && !line.Contains('{') ? 1 : 0;
        }

        if (records != 2)
            throw new SmokeFailure($"The second record never came; {heartbeats} heartbeats had.");
        return heartbeats > 0
            ? $"{settings.Silence.TotalSeconds:0} s with {heartbeats} heartbeats; "
                + $"never more than {longest.TotalSeconds:0.0} s without a byte"
            : throw new SmokeFailure("There was no heartbeat: is the silence shorter than HeartbeatSeconds?");

        async Task<string?> LineAsync()
        {
            try
            {
                return await lines.ReadLineAsync(cancellation);
            }
            catch (Exception cut) when (cut is IOException or HttpRequestException)
            {
                throw new SmokeFailure(
                    $"It was cut after {longest.TotalSeconds:0.0} s without a byte and {heartbeats} heartbeats.");
            }
        }
    }
}
