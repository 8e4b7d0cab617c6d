using System.Diagnostics;
using System.Net.ServerSentEvents;
using System.Text.Json;

namespace ChunkStream.Benchmarks.Smoke;

/// <summary>
/// A live reader of a durable stream. Whenever its response ends or breaks, it rejoins where it was.
/// </summary>
internal sealed class SmokeReader(SmokeClient client, string path)
{
    private readonly Lock _lock = new();
    private readonly List<int> _have = [];

    // What came since the last offset. If the response breaks, it comes again.
    private readonly List<int> _pending = [];
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>How many responses ended cleanly, as live ones do after a while.</summary>
    public int Ends { get; private set; }

    /// <summary>How many responses broke, or could not be had.</summary>
    public int Errors { get; private set; }

    /// <summary>The longest time from its last event, or its start, to its next response.</summary>
    public TimeSpan LongestGap { get; private set; }

    /// <summary>Reads until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var (offset, without) = ("-1", Stopwatch.GetTimestamp());
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                using var response = await client.OpenAsync($"{path}?offset={offset}&live=sse", cancellation);
                LongestGap = TimeSpan.FromTicks(Math.Max(LongestGap.Ticks, Stopwatch.GetElapsedTime(without).Ticks));
                var events = SseParser.Create(await response.Content.ReadAsStreamAsync(cancellation));
                await foreach (var item in events.EnumerateAsync(cancellation))
                {
                    without = Stopwatch.GetTimestamp();
                    using var data = JsonDocument.Parse(item.Data);
                    if (item.EventType == "data")
                        _pending.AddRange(data.RootElement.EnumerateArray().Select(number => number.GetInt32()));
                    if (item.EventType != "control")
                        continue;
                    offset = data.RootElement.GetProperty("streamNextOffset").GetString()!;
                    TakePending();
                }

                Ends++;
            }
            catch (Exception cut) when (cut is HttpRequestException or IOException or SmokeFailure)
            {
                Errors++;
                await Task.Delay(250, cancellation);
            }

            _pending.Clear();
        }
    }

    /// <summary>Waits until it has so many messages.</summary>
    public async Task UntilAsync(int messages, CancellationToken cancellation)
    {
        while (true)
        {
            Task more;
            lock (_lock)
            {
                if (_have.Count >= messages)
                    return;
                more = _more.Task;
            }

            await more.WaitAsync(cancellation);
        }
    }

    /// <summary>What is wrong with what it has, if it should have the numbers from 0 on; null if nothing is.</summary>
    public string? Mistake(int messages)
    {
        lock (_lock)
        {
            return _have.SequenceEqual(Enumerable.Range(0, messages))
                ? null
                : $"A reader had {_have.Count} messages of {messages}, {_have.Distinct().Count()} different ones.";
        }
    }

    private void TakePending()
    {
        lock (_lock)
        {
            _have.AddRange(_pending);
            _pending.Clear();
            _more.TrySetResult();
            _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
