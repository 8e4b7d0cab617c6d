using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.DurableStreams.Chaos;

/// <summary>
/// One stream on two instances, with writers and readers, while something is being killed. The seed decides all chance.
/// </summary>
internal sealed class ChaosRun(
    int seed, Uri[] instances, int writerCount = 8, int readerCount = 20, TimeSpan? connectionLifetime = null)
    : IDisposable
{
    // How long the rest may take on a busy machine, after the last kill.
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(45);

    private readonly string _path = "chaos/" + Guid.NewGuid().ToString("n");
    private readonly CancellationTokenSource _writingEnds = new();

    public HttpClient Client { get; } = new(new SocketsHttpHandler
    {
        UseProxy = false,
        MaxResponseDrainSize = 0,
        ConnectTimeout = TimeSpan.FromSeconds(2),
        PooledConnectionLifetime = connectionLifetime ?? Timeout.InfiniteTimeSpan,
    })
    { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>The timestamp at which each message was acknowledged.</summary>
    public ConcurrentDictionary<string, long> Acknowledged { get; } = new();

    /// <summary>
    /// How long a message took to a live reader that never left by itself, counted from its acknowledgement or the
    /// reader's request, whichever came later.
    /// </summary>
    public ConcurrentBag<double> LagMilliseconds { get; } = [];

    /// <summary>What readers met that they did not cause themselves: cuts and refusals.</summary>
    public ConcurrentQueue<string> CutsOfReaders { get; } = [];

    /// <summary>What writers met that they did not cause themselves.</summary>
    public ConcurrentQueue<string> CutsOfWriters { get; } = [];

    public CancellationToken WritingEnds => _writingEnds.Token;

    public Random Chance(int of) => new(unchecked((seed * 397) + of));

    public Uri Url(int instance, string query = "")
        => new(instances[instance % instances.Length], $"api/streams/{_path}{query}");

    /// <summary>
    /// Writes and reads for as long as the trouble takes. Afterwards, everything must be as if nothing had happened.
    /// </summary>
    /// <returns>One line that says what happened.</returns>
    public async Task<string> RunAsync(Func<Task> trouble)
    {
        using (var created = await Client.PutAsync(Url(0), Json("")).Within())
            Assert.True(created.IsSuccessStatusCode, await created.Content.ReadAsStringAsync());
        var writers = Enumerable.Range(0, writerCount).Select(number => new ChaosWriter(this, number)).ToArray();
        var readers = Enumerable.Range(0, readerCount).Select(number => new ChaosReader(this, number)).ToArray();
        var reading = readers.Select(reader => Task.Run(reader.RunAsync)).ToArray();
        var writing = writers.Select(writer => Task.Run(writer.RunAsync)).ToArray();

        var troubling = trouble();
        await await Task.WhenAny([troubling, .. writing, .. reading]);
        await troubling;
        await _writingEnds.CancelAsync();
        await Task.WhenAll(writing).Within(EndLimit);
        await CloseAsync().Within(EndLimit);
        var all = Task.WhenAll(reading);
        if (await Task.WhenAny(all, Task.Delay(EndLimit)) != all)
            Assert.Fail("Still reading: " + string.Join("; ", readers.Where((_, n) => !reading[n].IsCompleted)));
        await all;

        var order = await AllAsync(0);
        Assert.Equal(order, await AllAsync(1));
        foreach (var writer in writers)
            Assert.Equal(
                writer.Acknowledged,
                order.Where(message => message.StartsWith($"{writer.Number}-", StringComparison.Ordinal)));
        Assert.Equal(writers.Sum(writer => writer.Acknowledged.Count), order.Length);
        Assert.All(readers, reader => Assert.Equal(order, reader.Got));

        var lags = LagMilliseconds.Order().ToArray();
        var lag = lags.Length == 0
            ? "-"
            : $"{lags[lags.Length / 2]:F1}/{lags[(int)(lags.Length * 0.99)]:F0}/{lags[^1]:F0}";
        return $"{order.Length} messages, {writers.Sum(writer => writer.Retries)} appends repeated, "
            + $"{writers.Sum(writer => writer.Duplicates)} of them duplicates, "
            + $"{readers.Sum(reader => reader.Joins)} joins; lag median/99 %/longest {lag} ms";
    }

    public static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    public void Dispose()
    {
        _writingEnds.Cancel();
        Client.Dispose();
        _writingEnds.Dispose();
    }

    /// <summary>Whether a failed call should be repeated at another instance.</summary>
    public static bool IsTrouble(Exception failure)
        => failure is HttpRequestException or IOException or OperationCanceledException;

    /// <summary>
    /// Whether a refused call should be repeated at another instance. Only a 503 can come from what was killed, and a
    /// 502 from a proxy before it; a 500 would mean that two appends got into each other's way.
    /// </summary>
    public static bool IsTrouble(HttpResponseMessage response)
        => response.StatusCode is HttpStatusCode.ServiceUnavailable or HttpStatusCode.BadGateway;

    private async Task CloseAsync()
    {
        for (var instance = 0; ; instance++)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, Url(instance))
                {
                    Headers = { { "Stream-Closed", "true" } },
                };
                using var response = await Client.SendAsync(request);
                if (response.IsSuccessStatusCode)
                    return;
                Assert.True(IsTrouble(response), $"{(int)response.StatusCode}");
            }
            catch (Exception e) when (IsTrouble(e))
            {
            }

            await Task.Delay(50);
        }
    }

    private async Task<string[]> AllAsync(int instance)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var response = await Client.GetAsync(Url(instance, "?offset=-1")).Within();
            if (response.IsSuccessStatusCode)
            {
                Assert.Equal("true", response.Header("Stream-Closed"));
                return JsonSerializer.Deserialize<string[]>(await response.Content.ReadAsStringAsync().Within())!;
            }

            // A pool may still hold connections that were killed.
            Assert.True(attempt < 10, $"{(int)response.StatusCode}");
        }
    }
}
