using System.Text;
using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>A live response, read event by event.</summary>
internal sealed class LiveResponse : IDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly Stream _body;
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly Queue<(string Name, string Data)> _events = new();

    private LiveResponse(HttpResponseMessage response, Stream body) => (_response, _body) = (response, body);

    /// <summary>All text that has come so far.</summary>
    public StringBuilder Text { get; } = new();

    public HttpResponseMessage Head => _response;

    private int _read;

    public static async Task<LiveResponse> OpenAsync(LocalApi api, string path, string offset = "-1")
    {
        var response = await api.ReadAsync(path, $"?offset={offset}&live=sse");
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}");
        return new LiveResponse(response, await response.Content.ReadAsStreamAsync());
    }

    /// <summary>The next event, or null at a clean end.</summary>
    public async Task<(string Name, string Data)?> NextAsync()
    {
        while (_events.Count == 0)
        {
            var length = await _body.ReadAsync(_buffer).Within();
            if (length == 0)
                return null;
            var chars = new char[_buffer.Length];
            Text.Append(chars, 0, _decoder.GetChars(_buffer, 0, length, chars, 0));
            var end = Text.ToString().LastIndexOf("\n\n", StringComparison.Ordinal);
            if (end < _read)
                continue;
            foreach (var parsed in SseReader.Events(Text.ToString(_read, end + 2 - _read)))
                _events.Enqueue(parsed);
            _read = end + 2;
        }

        return _events.Dequeue();
    }

    /// <summary>The next data event and the control event after it, or the control event alone.</summary>
    public async Task<(string? Data, JsonNode Control)> NextPairAsync()
    {
        var first = (await NextAsync()) ?? throw new IOException("It has ended.");
        if (first.Name == "control")
            return (null, JsonNode.Parse(first.Data)!);

        Assert.Equal("data", first.Name);
        var second = (await NextAsync()) ?? throw new IOException("It has ended between two events.");
        Assert.Equal("control", second.Name);
        return (first.Data, JsonNode.Parse(second.Data)!);
    }

    /// <summary>Everything up to the first control event that says that the reader is up to date.</summary>
    public async Task<List<(string? Data, JsonNode Control)>> UntilUpToDateAsync()
    {
        var pairs = new List<(string? Data, JsonNode Control)>();
        do
            pairs.Add(await NextPairAsync());
        while (pairs[^1].Control["upToDate"] is null);
        return pairs;
    }

    public void Dispose() => _response.Dispose();
}
