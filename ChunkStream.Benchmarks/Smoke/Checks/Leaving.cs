using System.Diagnostics;

namespace ChunkStream.Benchmarks.Smoke.Checks;

/// <summary>
/// A client that leaves ends its stream on the server: <c>/health</c> counts the streams that are open on the instance
/// that answers. Other callers are counted, too, so a busy app may fail this.
/// </summary>
internal sealed class Leaving : ISmokeCheck
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    public string Name => "streams end when their clients leave";

    public async Task<string> RunAsync(SmokeClient client, SmokeSettings settings, CancellationToken cancellation)
    {
        var before = await OpenAsync();
        var most = before;
        var responses = new List<HttpResponseMessage>();
        try
        {
            var path = settings.GeneratorPath(2, TimeSpan.FromMinutes(1));
            responses.AddRange(await Task.WhenAll(
                Enumerable.Range(0, settings.Leave).Select(_ => client.OpenAsync(path, cancellation))));
            most = await OpenAsync();
        }
        finally
        {
            foreach (var response in responses)
                response.Dispose();
        }

        if (most <= before)
        {
            throw new SmokeSkipped(
                $"The instance that answered /health had none of the {settings.Leave} streams: there are several.");
        }

        var left = Stopwatch.GetTimestamp();
        int now;
        while ((now = await OpenAsync()) > before && Stopwatch.GetElapsedTime(left) < Limit)
            await Task.Delay(100, cancellation);
        return now <= before
            ? $"{most - before} streams ended {Stopwatch.GetElapsedTime(left).TotalSeconds:0.0} s after they were left"
            : throw new SmokeFailure(
                $"{now - before} of {most - before} are open still, {Limit.TotalSeconds:0} s after they were left.");

        async Task<int> OpenAsync()
        {
            var (_, report) = await client.HealthAsync(cancellation);
            using (report)
            {
                return report.RootElement.TryGetProperty("streams", out var streams)
                    ? streams.GetProperty("open").GetInt32()
                    : throw new SmokeSkipped("This app's /health does not count open streams.");
            }
        }
    }
}
