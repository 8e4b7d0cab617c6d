using System.Text.Json;

namespace ChunkStream.Benchmarks.Fleet;

/// <summary>Reads the rows of a keyed query as frames, and resumes at the last checkpoint.</summary>
internal sealed class RowsClient(HttpClient client) : FleetClient
{
    private readonly List<long> _uncovered = [];
    private string? _token;

    /// <inheritdoc />
    public override string What => "rows of a query with a key";

    /// <inheritdoc />
    protected override async Task OnceAsync(CancellationToken leave)
    {
        _uncovered.Clear();
        var resume = _token is null ? "" : $"&resume={Uri.EscapeDataString(_token)}";
        using var response = await client.GetAsync(
            $"api/queries/paced?format=frames{resume}", HttpCompletionOption.ResponseHeadersRead, leave);
        RequireSuccess(response);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(leave));
        while (await lines.ReadLineAsync(leave) is { } line)
        {
            using var frame = JsonDocument.Parse(line);
            var root = frame.RootElement;
            if (root.TryGetProperty("row", out var row))
                _uncovered.Add(row.GetProperty("id").GetInt64());
            else if (root.TryGetProperty("checkpoint", out var checkpoint))
                Cover(checkpoint.GetString()!);
            else if (root.TryGetProperty("error", out var error))
                throw new IOException(error.GetProperty("type").GetString());
            else if (root.TryGetProperty("end", out var end))
            {
                Cover(end.GetProperty("continue").GetString() ?? throw new InvalidDataException("The rows ended."));
                return;
            }
        }

        throw new IOException("The body ended without an end.");
    }

    // The rows begin with 1.
    private void Cover(string token)
    {
        foreach (var id in _uncovered)
            Arrive(id - 1);
        _uncovered.Clear();
        _token = token;
    }
}
