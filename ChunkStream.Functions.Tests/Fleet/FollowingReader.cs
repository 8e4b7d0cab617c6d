using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;

namespace ChunkStream.Functions.Tests.Fleet;

/// <summary>
/// A client of bare HTTP that does what docs/formats.md says, and no more: it keeps the rows that a checkpoint covers,
/// and resumes there after an end that names a continuation, or after a cut.
/// </summary>
/// <param name="client">Sends the requests.</param>
/// <param name="url">The stream.</param>
/// <param name="isEvents">Whether it reads server-sent events; otherwise frames.</param>
/// <param name="numberOf">The number of a row; the first is 1 more than <paramref name="before"/>.</param>
/// <param name="before">The number before that of the first row.</param>
internal sealed class FollowingReader(
    HttpClient client, Uri url, bool isEvents, Func<JsonElement, long> numberOf, long before = 0) : IFleetReader
{
    private readonly List<long> _uncovered = [];
    private string? _token;

    public long Last { get; private set; } = before;

    /// <summary>How many responses it took.</summary>
    public int Responses { get; private set; }

    /// <summary>Ends that were neither the last one nor a continuation.</summary>
    public ConcurrentQueue<string> Cuts { get; } = [];

    /// <summary>The type of the problem that ended the stream for good; null where it was complete.</summary>
    public string? Problem { get; private set; }

    public async Task RunAsync()
    {
        for (var isOver = false; !isOver;)
        {
            try
            {
                isOver = await ReadAsync();
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                Cuts.Enqueue($"{url} after row {Last}: {e.Message}");
                await Task.Delay(20);
            }

            _uncovered.Clear();
        }
    }

    private async Task<bool> ReadAsync()
    {
        Responses++;
        using var request = new HttpRequestMessage(HttpMethod.Get, At());
        if (isEvents && _token is not null)
            request.Headers.Add("Last-Event-ID", _token);
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        if (!response.IsSuccessStatusCode)
        {
            if ((int)response.StatusCode is 502 or 503)
                throw new IOException($"{(int)response.StatusCode}");
            return Fail(JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement);
        }

        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(), Encoding.UTF8);
        var (name, id, data) = ("", "", "");
        while (await lines.ReadLineAsync() is { } line)
        {
            if (!isEvents)
            {
                if (TakeFrame(JsonDocument.Parse(line).RootElement.EnumerateObject().Single()) is { } isLast)
                    return isLast;
                continue;
            }

            switch (line.Split(": ", 2))
            {
                case ["event", var value]:
                    name = value;
                    break;
                case ["id", var value]:
                    id = value;
                    break;
                case ["data", var value]:
                    data = value;
                    break;
                case [""] when data.Length > 0:
                    if (TakeEvent(name, id, JsonDocument.Parse(data).RootElement) is { } isEnd)
                        return isEnd;
                    (name, id, data) = ("", "", "");
                    break;
            }
        }

        throw new IOException("A body without an end ended cleanly.");
    }

    private Uri At()
    {
        var asked = $"{url}{(url.Query.Length > 0 ? "&" : "?")}format={(isEvents ? "sse" : "frames")}";
        return new Uri(_token is null || isEvents ? asked : $"{asked}&resume={Uri.EscapeDataString(_token)}");
    }

    // Null: go on reading. Otherwise whether the stream, and not only the response, is over.
    private bool? TakeFrame(JsonProperty frame)
    {
        switch (frame.Name)
        {
            case "row":
                _uncovered.Add(numberOf(frame.Value));
                return null;
            case "checkpoint":
                Cover(frame.Value.GetString());
                return null;
            case "end":
                return End(frame.Value);
            case "error":
                return Fail(frame.Value);
            default:
                return null;
        }
    }

    private bool? TakeEvent(string name, string id, JsonElement data)
    {
        switch (name)
        {
            case "":
                _uncovered.Add(numberOf(data));
                if (id.Length > 0)
                    Cover(id);
                return null;
            case "end":
                return End(data);
            case "error":
                return Fail(data);
            default:
                return null;
        }
    }

    private bool End(JsonElement end)
    {
        var token = end.GetProperty("continue").GetString();
        Cover(token);
        return token is null;
    }

    // An instance that stops says so; that can be mended by another one.
    private bool Fail(JsonElement problem)
    {
        var type = problem.GetProperty("type").GetString()!;
        if (type is "urn:chunkstream:stopping")
            throw new IOException(type);
        Problem = type;
        return true;
    }

    private void Cover(string? token)
    {
        foreach (var number in _uncovered)
        {
            Assert.True(number == Last + 1, $"{url}: the row {number} came after {Last}.");
            Last = number;
        }

        _uncovered.Clear();
        _token = token ?? _token;
    }
}
