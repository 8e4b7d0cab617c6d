using System.Net.ServerSentEvents;
using System.Text.Json;

namespace ChunkStream.Benchmarks.Fleet;

/// <summary>Follows a durable stream by server-sent events.</summary>
internal sealed class TailClient(HttpClient client, string path) : FleetClient
{
    private string _offset = "-1";

    /// <inheritdoc />
    public override string What => "live readers of durable streams";

    /// <inheritdoc />
    protected override async Task OnceAsync(CancellationToken leave)
    {
        using var response = await client.GetAsync(
            $"{path}?offset={_offset}&live=sse", HttpCompletionOption.ResponseHeadersRead, leave);
        RequireSuccess(response);
        var events = SseParser.Create(await response.Content.ReadAsStreamAsync(leave));
        var messages = new List<long>();
        await foreach (var item in events.EnumerateAsync(leave))
        {
            if (item.EventType == "data")
            {
                messages.AddRange(JsonSerializer.Deserialize<long[]>(item.Data)!);
            }
            else if (item.EventType == "control")
            {
                Take(messages, item.Data);
                messages.Clear();
            }
        }
    }

    // Messages count together with the offset that comes after them.
    private void Take(List<long> messages, string control)
    {
        foreach (var message in messages)
            Arrive(message);
        using var parsed = JsonDocument.Parse(control);
        _offset = parsed.RootElement.GetProperty("streamNextOffset").GetString()!;
    }
}
