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
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(leave));
        var (isControl, data) = (false, "");
        long[] messages = [];
        while (await lines.ReadLineAsync(leave) is { } line)
        {
            if (line.StartsWith("event:", StringComparison.Ordinal))
                isControl = line.EndsWith("control", StringComparison.Ordinal);
            else if (line.StartsWith("data:", StringComparison.Ordinal))
                data += line[5..];
            else if (line.Length == 0 && data.Length > 0)
            {
                if (isControl)
                    Take(messages, data);
                messages = isControl ? [] : JsonSerializer.Deserialize<long[]>(data)!;
                data = "";
            }
        }
    }

    // Messages count together with the offset that comes after them.
    private void Take(long[] messages, string control)
    {
        foreach (var message in messages)
            Arrive(message);
        using var parsed = JsonDocument.Parse(control);
        _offset = parsed.RootElement.GetProperty("streamNextOffset").GetString()!;
    }
}
