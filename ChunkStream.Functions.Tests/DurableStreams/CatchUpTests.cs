using System.Net;
using System.Text.Json;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>A long response is whole or visibly broken, and stops when its reader is gone.</summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class CatchUpTests(RealPostgres postgres)
{
    private const string Bytes = "application/octet-stream";
    private const string Json = "application/json";
    private static readonly (string Key, string Value) SmallPieces = ("ChunkStream:Streams:SegmentBytes", "1024");

    [Fact]
    public async Task Pieces_join_to_the_whole()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString, settings: SmallPieces);
        var random = new Random(1);
        var bytes = new byte[100_000];
        var text = Enumerable.Range(0, 2000)
            .Select(n => $"{{\"n\":{n},\"filler\":\"{new string('x', n % 50)}\"}}")
            .ToArray();
        random.NextBytes(bytes);
        var (binary, messages) = (await api.CreateAsync(Bytes), await api.CreateAsync(Json));
        foreach (var chunk in bytes.Chunk(7001))
            using (await api.SendAsync(HttpMethod.Post, binary, Bytes, chunk)) { }
        foreach (var chunk in text.Chunk(37))
            await api.AppendAsync(messages, Json, $"[{string.Join(',', chunk)}]");

        using var all = await api.ReadAsync(binary);
        using var part = await api.ReadAsync(binary, "?offset=" + DurableCalls.Offset(12_345));

        Assert.Equal(bytes, await all.Content.ReadAsByteArrayAsync());
        Assert.Equal(bytes[12_345..], await part.Content.ReadAsByteArrayAsync());
        Assert.Equal($"[{string.Join(',', text)}]", await api.TextAsync(messages));
        Assert.Equal(
            $"[{string.Join(',', text[1999..])}]",
            await api.TextAsync(messages, "?offset=" + DurableCalls.Offset(1999)));
    }

    [Fact]
    public async Task A_response_has_a_limit_and_says_where_to_go_on()
    {
        await using var api = await LocalApi.StartAsync(
            postgres.ConnectionString,
            settings:
            [
                SmallPieces, ("ChunkStream:Streams:ReadMessages", "100"), ("ChunkStream:Streams:ReadBytes", "5000"),
            ]);
        var json = await api.CreateAsync(
            Json, $"[{string.Join(',', Enumerable.Range(0, 250).Select(n => $"\"{n:D100}\""))}]");
        var text = await api.CreateAsync("text/plain", new string('x', 12_000));
        using var closing = await api.PostAsync(json, headers: ("Stream-Closed", "true"));

        var (counts, ends) = (new List<int>(), new List<(string?, string?)>());
        foreach (var path in new[] { json, text })
        {
            for (var (offset, upToDate) = ("-1", (string?)null); upToDate is null;)
            {
                using var response = await api.ReadAsync(path, "?offset=" + offset);
                var body = await response.Content.ReadAsStringAsync();
                counts.Add(path == json ? JsonSerializer.Deserialize<string[]>(body)!.Length : body.Length);
                (offset, upToDate) = (response.Header("Stream-Next-Offset")!, response.Header("Stream-Up-To-Date"));
                ends.Add((upToDate, response.Header("Stream-Closed")));
            }
        }

        Assert.Equal([100, 100, 50, 5000, 5000, 2000], counts);
        Assert.Equal([(null, null), (null, null), ("true", "true"), (null, null), (null, null), ("true", null)], ends);
    }

    [Fact]
    public async Task What_is_appended_meanwhile_is_left_to_the_next_request()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString, settings: SmallPieces);
        var path = await api.CreateAsync(Bytes, new string('x', 4_000_000));

        using var response = await api.ReadAsync(path);
        await api.AppendAsync(path, Bytes, "more");

        Assert.Equal(4_000_000, (await response.Content.ReadAsByteArrayAsync()).Length);
        Assert.Equal(DurableCalls.Offset(4_000_000), response.Header("Stream-Next-Offset"));
        Assert.Equal("more", await api.TextAsync(path, "?offset=" + response.Header("Stream-Next-Offset")));
    }

    [Theory]
    [InlineData("1024", "position >= 0")]
    [InlineData("1024", "position between 4000 and 4030")]
    [InlineData("524288", "position >= 0")]
    [InlineData("524288", "position between 4000 and 4030")]
    public async Task Data_that_vanish_break_the_response(string segmentBytes, string vanishing)
    {
        await using var api = await LocalApi.StartAsync(
            postgres.ConnectionString, settings: ("ChunkStream:Streams:SegmentBytes", segmentBytes));
        var path = await api.CreateAsync(
            Json, $"[{string.Join(',', Enumerable.Range(0, 5_000).Select(n => $"\"{n:D1000}\""))}]");

        using var reader = await RawClient.GetAsync(api.Client.BaseAddress!, $"/api/streams/{path}");
        await reader.ReadBytesAsync(10_000);
        await postgres.ExecuteAsync(
            "delete from chunkstream.chunks "
            + $"where stream_id = (select id from chunkstream.streams where path = '{path}') and {vanishing}");
        var (_, whole) = await reader.CountToEndAsync((byte)'"');

        Assert.False(whole);
        Assert.Contains("Failed", (await api.Log.StreamEndedAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_leaves_is_not_read_for_any_longer()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var path = await api.CreateAsync(Bytes);
        for (var n = 0; n < 4; n++)
            await api.AppendAsync(path, Bytes, new string('x', 4_000_000));

        using (var reader = await RawClient.GetAsync(api.Client.BaseAddress!, $"/api/streams/{path}"))
            await reader.ReadBytesAsync(10_000);

        var ended = (await api.Log.StreamEndedAsync()).Message;
        Assert.Contains("ClientLeft", ended, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await api.HeadAsync("/api/streams/" + path)).StatusCode);
        await postgres.AssertNothingRunsAsync();
    }
}
