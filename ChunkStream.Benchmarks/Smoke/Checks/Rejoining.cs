using System.Net.ServerSentEvents;
using System.Text.Json;

namespace ChunkStream.Benchmarks.Smoke.Checks;

/// <summary>
/// An EventSource whose connection is cut again and again rejoins with the id of its last event, and has each row once.
/// </summary>
internal sealed class Rejoining : ISmokeCheck
{
    private const int Rows = 6_000;
    private const int Cuts = 5;

    public string Name => "an EventSource rejoins after cuts";

    public async Task<string> RunAsync(SmokeClient client, SmokeSettings settings, CancellationToken cancellation)
    {
        var path = settings.QueryPath(Rows) + "&format=sse";
        var (have, last, hasEnded, connections) = (new List<int>(), (string?)null, false, 0);
        while (!hasEnded)
        {
            if (connections++ > Cuts + 1)
                throw new SmokeFailure($"It needed more than {Cuts + 2} connections.");
            var before = have.Count;
            using var response = await client.OpenAsync(path, cancellation, last);
            await foreach (var item in SseParser.Create(await response.Content.ReadAsStreamAsync(cancellation))
                .EnumerateAsync(cancellation))
            {
                hasEnded = item.EventType == "end";
                if (item.EventType == "message")
                    have.Add(JsonDocument.Parse(item.Data).RootElement.GetProperty("n").GetInt32());
                if (item.EventType == "message" && item.EventId is not { Length: > 0 })
                    throw new SmokeSkipped("The events have no ids: ChunkStream__ResumeKey is not set.");
                last = item.EventId ?? last;
                if (hasEnded || (connections <= Cuts && have.Count - before > Rows / (Cuts + 1)))
                    break;
            }
        }

        return have.SequenceEqual(Enumerable.Range(1, Rows))
            ? $"{Rows} rows over {connections} connections: none twice, none missed"
            : throw new SmokeFailure($"{have.Count} rows of {Rows}, {have.Distinct().Count()} different ones.");
    }
}
