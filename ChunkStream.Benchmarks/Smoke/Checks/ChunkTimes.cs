using System.Diagnostics;

namespace ChunkStream.Benchmarks.Smoke.Checks;

/// <summary>Each chunk arrives when it was made: nothing on the way holds chunks back, or gathers them.</summary>
internal sealed class ChunkTimes : ISmokeCheck
{
    private const int Chunks = 8;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(300);

    // A chunk that waits for the next one is later than this. A network between continents is not.
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(250);

    public string Name => "chunks arrive when they are made";

    public async Task<string> RunAsync(SmokeClient client, SmokeSettings settings, CancellationToken cancellation)
    {
        var start = Stopwatch.GetTimestamp();
        using var response = await client.OpenAsync(settings.GeneratorPath(Chunks, Interval), cancellation);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
        var arrived = new List<TimeSpan>();
        while (await lines.ReadLineAsync(cancellation) is not null)
            arrived.Add(Stopwatch.GetElapsedTime(start));

        if (arrived.Count != Chunks)
            throw new SmokeFailure($"{arrived.Count} of {Chunks} chunks arrived.");
        var worst = arrived.Select((time, number) => (time - arrived[0] - (number * Interval)).Duration()).Max();
        return worst < Tolerance
            ? $"first byte after {arrived[0].TotalMilliseconds:0} ms, chunks at most {worst.TotalMilliseconds:0} ms off"
            : throw new SmokeFailure(
                $"A chunk was {worst.TotalMilliseconds:0} ms off its time. Arrived after (ms): "
                + string.Join(", ", arrived.Select(time => $"{time.TotalMilliseconds:0}")));
    }
}
