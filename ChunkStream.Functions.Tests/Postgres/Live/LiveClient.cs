using System.Buffers.Text;
using System.Net;
using System.Text;
using System.Text.Json;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Live;

namespace ChunkStream.Functions.Tests.Postgres.Live;

/// <summary>A client of a live query, in the format frames, that keeps the rows by their key, <c>id</c>.</summary>
internal sealed class LiveClient(HttpClient http, string path) : IDisposable
{
    private static readonly JsonDocumentOptions AnyDepth = new() { MaxDepth = int.MaxValue };

    private HttpResponseMessage? _response;
    private StreamReader? _lines;

    /// <summary>Who it says that it is; null for nobody.</summary>
    public string? User { get; init; }

    /// <summary>The rows that it knows, as their JSON, by the JSON of their id.</summary>
    public SortedDictionary<string, string> Rows { get; } = new(StringComparer.Ordinal);

    /// <summary>The token with which it goes on.</summary>
    public string? Token { get; private set; }

    /// <summary>The snapshot at which its rows are those of the query; null between two.</summary>
    public string? Snapshot { get; private set; }

    /// <summary>What it was told, in order: row, upsert, delete, up-to-date, must-refetch, end.</summary>
    public List<string> Told { get; } = [];

    /// <summary>Begins a response, or goes on in another one.</summary>
    /// <exception cref="HttpRequestException">It is refused, or the server can't be reached.</exception>
    public async Task OpenAsync()
    {
        Dispose();
        if (Token is null)
            Rows.Clear();
        var resume = Token is null ? "" : $"&resume={Token}";
        using var request = new HttpRequestMessage(
            HttpMethod.Get,
            $"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}live=sse&format=frames{resume}");
        if (User is not null)
            request.Headers.Add("Test-User", User);
        _response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).Within();
        if (!_response.IsSuccessStatusCode)
        {
            throw new HttpRequestException(
                await _response.Content.ReadAsStringAsync(), inner: null, _response.StatusCode);
        }

        _lines = new StreamReader(await _response.Content.ReadAsStreamAsync());
    }

    /// <summary>Reads a line and applies it. Gives what it was; null at the end of the response.</summary>
    /// <exception cref="HttpRequestException">The line tells a failure.</exception>
    /// <exception cref="IOException">The response was cut.</exception>
    public async Task<string?> ReadAsync(CancellationToken cancellation = default)
    {
        if (await _lines!.ReadLineAsync(cancellation).AsTask().Within() is not { } line)
            return null;
        using var frame = JsonDocument.Parse(line, AnyDepth);
        var member = frame.RootElement.EnumerateObject().Single();
        Apply(member.Name, member.Value);
        if (member.Name is not ("heartbeat" or "checkpoint" or "schema"))
            Told.Add(member.Name);
        return member.Name;
    }

    /// <summary>Reads until the rows are those of the query.</summary>
    public async Task UntilUpToDateAsync()
    {
        string? what;
        while ((what = await ReadAsync()) != "up-to-date")
            Assert.NotNull(what);
    }

    /// <summary>Reads until the rows satisfy a condition.</summary>
    public Task UntilAsync(Func<LiveClient, bool> condition)
    {
        return RunAsync().Within();

        async Task RunAsync()
        {
            while (!condition(this))
                Assert.NotNull(await ReadAsync());
        }
    }

    /// <summary>Goes on with what another client knows.</summary>
    public void TakeOver(LiveClient other)
    {
        other.Dispose();
        Rows.Clear();
        foreach (var (id, row) in other.Rows)
            Rows.Add(id, row);
        Token = other.Token;
    }

    public void Dispose()
    {
        _lines?.Dispose();
        _response?.Dispose();
    }

    private void Apply(string what, JsonElement value)
    {
        Snapshot = what switch
        {
            "row" or "upsert" or "delete" or "must-refetch" => null,
            _ => Snapshot,
        };
        switch (what)
        {
            case "schema":
                Assert.True(value.GetProperty("checkpoints").GetBoolean());
                break;
            case "row" or "upsert":
                Rows[value.GetProperty("id").GetRawText()] = value.GetRawText();
                break;
            case "delete":
                Rows.Remove(value.GetProperty("id").GetRawText());
                break;
            case "must-refetch":
                Rows.Clear();
                Token = value.GetProperty("position").GetString()!;
                break;
            case "checkpoint":
                Token = value.GetString();
                break;
            case "up-to-date":
                Token = value.GetProperty("position").GetString()!;
                Snapshot = SnapshotOf(Token);
                break;
            case "end":
                Token = value.GetProperty("continue").GetString();
                break;
            case "error":
                throw new HttpRequestException(
                    value.GetRawText(), inner: null, (HttpStatusCode)value.GetProperty("status").GetInt32());
        }
    }

    // The token of a position: 17 bytes of header, no rows (a byte 0), and the note of the snapshot with its length.
    private static string SnapshotOf(string token)
    {
        var bytes = Base64Url.DecodeFromChars(token);
        var (length, from) = bytes[18] < 0x80 ? (bytes[18], 19) : ((bytes[18] & 0x7F) | (bytes[19] << 7), 20);
        return LivePosition.Parse(Encoding.ASCII.GetString(bytes, from, length))!.Snapshot.Text;
    }
}
