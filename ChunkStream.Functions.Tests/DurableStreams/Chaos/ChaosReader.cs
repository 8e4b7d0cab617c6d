using System.Globalization;
using System.Text;
using System.Text.Json;

namespace ChunkStream.Functions.Tests.DurableStreams.Chaos;

/// <summary>
/// Reads the stream to its end in one of the three modes. When it is cut off, it resumes at the other instance.
/// </summary>
internal sealed class ChaosReader(ChaosRun run, int number)
{
    private readonly Random _chance = run.Chance(2_000 + number);
    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly int _number = number;
    private int _instance = number;
    private string _offset = "-1";
    private string _last = "";
    private bool _isClosed;
    private long _asked;

    /// <summary>All messages, in the order in which they came.</summary>
    public List<string> Got { get; } = [];

    public int Joins { get; private set; }

    private string Mode => (_number % 5) switch { 0 or 1 => "sse", 2 or 3 => "long-poll", _ => "catch-up" };

    // Half of the readers leave by themselves; the other half would notice if an instance forgot them.
    private bool LeavesByItself => _number / 5 % 2 == 0;

    public async Task RunAsync()
    {
        // Some readers join later.
        await Task.Delay(_chance.Next(3) == 0 ? _chance.Next(4_000) : 0);
        while (!_isClosed)
        {
            using var leaving = new CancellationTokenSource(
                LeavesByItself ? TimeSpan.FromMilliseconds(_chance.Next(2_500)) : Timeout.InfiniteTimeSpan);
            try
            {
                Joins++;
                await ReadAsync(leaving.Token);
            }
            catch (Exception e) when (ChaosRun.IsTrouble(e))
            {
                _last = e.Message;
                _instance++;
                if (!leaving.IsCancellationRequested)
                    run.CutsOfReaders.Enqueue($"{this}: {e}");
                await Task.Delay(_chance.Next(40));
            }
        }
    }

    public override string ToString()
        => $"reader {_number} by {Mode} at {_offset} of {run.Url(_instance)}, join {Joins}, last failure: {_last}";

    private async Task ReadAsync(CancellationToken leaving)
    {
        _asked = TimeProvider.System.GetTimestamp();
        var query = $"?offset={_offset}" + (Mode == "catch-up" ? "" : $"&live={Mode}");
        using var response = await run.Client.GetAsync(
            run.Url(_instance, query), HttpCompletionOption.ResponseHeadersRead, leaving);
        if (ChaosRun.IsTrouble(response))
            throw new IOException($"{(int)response.StatusCode}");
        if (!response.IsSuccessStatusCode)
            Assert.Fail($"{this}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync(leaving)}");
        if (Mode == "sse")
        {
            await FollowAsync(response, leaving);
            return;
        }

        var body = await response.Content.ReadAsStringAsync(leaving);
        Take(body, response.Header("Stream-Next-Offset")!);
        _isClosed = response.Header("Stream-Closed") == "true";
        if (Mode == "catch-up" && !_isClosed)
            await Task.Delay(_chance.Next(150), leaving);
    }

    private async Task FollowAsync(HttpResponseMessage response, CancellationToken leaving)
    {
        await using var body = await response.Content.ReadAsStreamAsync(leaving);
        var (text, data) = (new StringBuilder(), "");
        while (!_isClosed)
        {
            var length = await body.ReadAsync(_buffer, leaving);
            if (length == 0)
                return;
            text.Append(Encoding.ASCII.GetString(_buffer, 0, length));
            var whole = text.ToString().LastIndexOf("\n\n", StringComparison.Ordinal) + 2;
            if (whole < 2)
                continue;
            foreach (var (name, content) in SseReader.Events(text.ToString(0, whole)))
            {
                if (name == "data")
                {
                    data = content;
                    continue;
                }

                var control = JsonDocument.Parse(content).RootElement;
                Take(data, control.GetProperty("streamNextOffset").GetString()!);
                _isClosed = control.TryGetProperty("streamClosed", out _);
                data = "";
            }

            text.Remove(0, whole);
        }
    }

    // Messages count only together with the offset that comes after them.
    private void Take(string data, string next)
    {
        var messages = data.Length == 0 ? [] : JsonSerializer.Deserialize<string[]>(data)!;
        Got.AddRange(messages);
        _offset = next;
        Assert.True(
            long.Parse(next, CultureInfo.InvariantCulture) == Got.Count,
            $"{this}: {messages.Length} messages came, {Got.Count} in all, and then the offset {next}.");
        if (LeavesByItself || Mode == "catch-up")
            return;
        foreach (var message in messages)
        {
            var now = TimeProvider.System.GetTimestamp();
            var since = Math.Max(run.Acknowledged.GetValueOrDefault(message, now), _asked);
            run.LagMilliseconds.Add(TimeProvider.System.GetElapsedTime(since, now).TotalMilliseconds);
        }
    }
}
