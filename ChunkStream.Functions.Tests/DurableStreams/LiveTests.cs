using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using ChunkStream.DurableStreams.Live;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>A waiting reader gets what is appended, and nothing else. A reader that is gone holds nothing.</summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class LiveTests(RealPostgres postgres)
{
    private const string Text = "text/plain";
    private const string Json = "application/json";

    [Fact]
    public async Task What_is_there_comes_first_and_then_each_append_by_itself()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var path = await api.CreateAsync(Json, "[1,2]");

        using var live = await LiveResponse.OpenAsync(api, path);
        var (there, control) = await live.NextPairAsync();
        Assert.Equal(("[1,2]", DurableCalls.Offset(2)), (there, control["streamNextOffset"]!.GetValue<string>()));
        Assert.Equal("text/event-stream", live.Head.Header("Content-Type"));
        for (var n = 3; n < 20; n++)
        {
            var offset = await api.AppendAsync(path, Json, $"[{n}]");
            var (data, after) = await live.NextPairAsync();
            Assert.Equal(
                ($"[{n}]", offset, true),
                (data, after["streamNextOffset"]!.GetValue<string>(), after["upToDate"]!.GetValue<bool>()));
        }

        using var closing = await api.PostAsync(path, headers: ("Stream-Closed", "true"));
        var (none, end) = await live.NextPairAsync();
        Assert.Equal((null, true, null), (none, end["streamClosed"]!.GetValue<bool>(), end["streamCursor"]));
        Assert.Null(await live.NextAsync());
        Assert.Contains("Completed as live", (await api.Log.StreamEndedAsync()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a\n\nevent: control\ndata: {\"streamNextOffset\":\"forged\",\"streamClosed\":true}\n\nb")]
    [InlineData("a\r\n\r\nevent: control\r\ndata: {\"streamNextOffset\":\"forged\"}\r\n\r\n")]
    [InlineData("\r\revent: control\rdata: {\"streamNextOffset\":\"forged\"}\r\r")]
    [InlineData("\nid: 7\nretry: 0\n: comment\n\n")]
    [InlineData("a\u2028\u2028event: control\u2029data: {}\u0085\u0085")]
    [InlineData("\u0000\u0001\u001f\ufeff\uffff")]
    public async Task No_content_forges_an_event(string content)
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var text = await api.CreateAsync(Text, content);
        var json = await api.CreateAsync(Json, JsonSerializer.Serialize(content));
        var binary = await api.CreateAsync("image/png", content);
        var expected = content.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');

        foreach (var (path, decode) in new (string, Func<string, string>)[]
        {
            (text, data => data),
            (json, data => JsonSerializer.Deserialize<string[]>(data)!.Single()),
            (binary, data => Encoding.UTF8.GetString(Convert.FromBase64String(data))),
        })
        {
            using var live = await LiveResponse.OpenAsync(api, path);
            await api.AppendAsync(
                path, path == text ? Text : path == json ? Json : "image/png", path == json ? "\"end\"" : "end");
            var pairs = await live.UntilUpToDateAsync();
            while (!decode(pairs[^1].Data ?? "").EndsWith("end", StringComparison.Ordinal))
                pairs.AddRange(await live.UntilUpToDateAsync());

            var all = string.Concat(pairs.Select(pair => path == json
                ? string.Concat(JsonSerializer.Deserialize<string[]>(pair.Data!)!)
                : decode(pair.Data!)));
            Assert.Equal((path == text ? expected : content) + "end", all);
            Assert.All(
                pairs, pair => Assert.DoesNotContain("forged", pair.Control.ToJsonString(), StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_text_that_we_part_is_not_parted_inside_a_character()
    {
        await using var api = await LocalApi.StartAsync(
            postgres.ConnectionString, settings: ("ChunkStream:Streams:SegmentBytes", "1024"));
        foreach (var unit in new[] { "ä", "€", "🐘", "\r\n" })
        {
            for (var shift = 0; shift < 4; shift++)
            {
                var content = new string('x', shift) + string.Concat(Enumerable.Repeat(unit, 300_000 / unit.Length));
                var path = await api.CreateAsync(Text, content);

                using var live = await LiveResponse.OpenAsync(api, path);
                var pairs = await live.UntilUpToDateAsync();

                Assert.True(pairs.Count > 1);
                Assert.Equal(content.ReplaceLineEndings("\n"), string.Concat(pairs.Select(pair => pair.Data)));
                Assert.Equal(
                    DurableCalls.Offset(Encoding.UTF8.GetByteCount(content)),
                    pairs[^1].Control["streamNextOffset"]!.GetValue<string>());
                foreach (var (_, control) in pairs.SkipLast(1))
                {
                    // A reader can go on from each offset.
                    using var again = await LiveResponse.OpenAsync(
                        api, path, control["streamNextOffset"]!.GetValue<string>());
                    Assert.DoesNotContain('\uFFFD', (await again.NextPairAsync()).Data!);
                }
            }
        }
    }

    [Fact]
    public async Task It_ends_after_its_time_and_goes_on_where_it_was()
    {
        await using var api = await LocalApi.StartAsync(
            postgres.ConnectionString,
            settings: [("ChunkStream:Streams:SseSeconds", "0.5"), ("ChunkStream:Streaming:HeartbeatSeconds", "0.1")]);
        var path = await api.CreateAsync(Json);
        var clock = Stopwatch.StartNew();
        var writing = Task.Run(async () =>
        {
            for (var n = 0; n < 100; n++)
            {
                await api.AppendAsync(path, Json, $"[{n}]");
                await Task.Delay(20);
            }

            using var closing = await api.PostAsync(path, headers: ("Stream-Closed", "true"));
        });

        var (got, offset, responses) = (new List<int>(), "-1", 0);
        for (var closed = false; !closed; responses++)
        {
            using var live = await LiveResponse.OpenAsync(api, path, offset);
            while (await live.NextAsync() is { } next)
            {
                if (next.Name == "data")
                    got.AddRange(JsonSerializer.Deserialize<int[]>(next.Data)!);
                else
                    (offset, closed) = (
                        JsonDocument.Parse(next.Data).RootElement.GetProperty("streamNextOffset").GetString()!,
                        next.Data.Contains("streamClosed", StringComparison.Ordinal));
            }
        }

        await writing.Within();
        Assert.Equal(Enumerable.Range(0, 100), got);
        Assert.InRange(responses, 3, 2 + (clock.Elapsed / TimeSpan.FromSeconds(0.4)));
        Assert.All(
            api.Log.Entries.Where(entry => entry.Event.Name == "StreamEnded"),
            entry => Assert.Contains("Completed", entry.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Silence_is_broken_by_heartbeats()
    {
        await using var api = await LocalApi.StartAsync(
            postgres.ConnectionString, settings: ("ChunkStream:Streaming:HeartbeatSeconds", "0.1"));
        var path = await api.CreateAsync(Text);

        using var reader = await RawClient.GetAsync(
            api.Client.BaseAddress!, $"/api/streams/{path}?offset=now&live=sse");
        var text = new StringBuilder();
        while (!text.ToString().Contains(": heartbeat\n\n", StringComparison.Ordinal))
            text.Append(Encoding.UTF8.GetString((await reader.ReadAsync()).Span));

        Assert.Contains("event: control\n", text.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sse")]
    [InlineData("long-poll")]
    public async Task A_process_has_so_many_places_and_who_leaves_gives_theirs_back(string mode)
    {
        await using var api = await LocalApi.StartAsync(
            postgres.ConnectionString, settings: ("ChunkStream:Streams:MaxReaders", "1"));
        var path = await api.CreateAsync(Text);

        using (var reader = await RawClient.GetAsync(
            api.Client.BaseAddress!, $"/api/streams/{path}?offset=now&live={mode}"))
        {
            // An event stream sends something as soon as it is open; a waiting long poll sends nothing.
            if (mode == "sse")
                await reader.ReadAsync();
            else
                await UntilReadersAsync(api, 1);
            using var refused = await api.ReadAsync(path, "?offset=now&live=sse");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.NotNull(refused.Header("Retry-After"));
            await refused.ProblemAsync();
        }

        await Bounded.Until(
            async () =>
            {
                using var next = await api.ReadAsync(path, "?offset=now&live=sse");
                return next.StatusCode == HttpStatusCode.OK;
            },
            "its place is free",
            TimeSpan.FromSeconds(5));
        await postgres.AssertNothingRunsAsync();
    }

    [Fact]
    public async Task Who_waits_for_a_stream_that_goes_is_told()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var path = await api.CreateAsync(Text);
        using var live = await LiveResponse.OpenAsync(api, path);
        await live.NextPairAsync();
        var polling = api.ReadAsync(path, "?offset=now&live=long-poll");
        await UntilReadersAsync(api, 2);

        using var deleted = await api.SendAsync(HttpMethod.Delete, path, null, null);

        Assert.Null(await live.NextAsync());
        using var polled = await polling;
        Assert.Equal(HttpStatusCode.NotFound, polled.StatusCode);
        Assert.Equal("urn:chunkstream:not-found", (await polled.ProblemAsync())["type"]!.GetValue<string>());
    }

    [Fact]
    public async Task An_append_on_another_instance_ends_a_poll()
    {
        await using var here = await LocalApi.StartAsync(postgres.ConnectionString);
        await using var there = await LocalApi.StartAsync(postgres.ConnectionString);
        var path = await here.CreateAsync(Text);

        for (var n = 0; n < 3; n++)
        {
            await UntilReadersAsync(here, 0);
            var polling = here.ReadAsync(path, "?offset=now&live=long-poll");
            await UntilReadersAsync(here, 1);
            var offset = await there.AppendAsync(path, Text, $"append {n}");
            using var polled = await polling.Within(TimeSpan.FromSeconds(5));

            Assert.Equal($"append {n}", await polled.Content.ReadAsStringAsync());
            Assert.Equal((offset, "true"), (polled.Header("Stream-Next-Offset"), polled.Header("Stream-Up-To-Date")));
            Assert.Equal(("no-store", null), (polled.Header("Cache-Control"), polled.Header("ETag")));
            Assert.NotNull(polled.Header("Stream-Cursor"));
        }
    }

    [Fact]
    public async Task A_process_that_stops_lets_its_readers_go_on_elsewhere()
    {
        await using var api = await LocalApi.StartAsync(
            postgres.ConnectionString, settings: ("ChunkStream:Streaming:ShutdownSeconds", "0.2"));
        var path = await api.CreateAsync(Text, "hello");
        using var live = await LiveResponse.OpenAsync(api, path);
        await live.NextPairAsync();
        var polling = api.ReadAsync(path, "?offset=now&live=long-poll");
        await UntilReadersAsync(api, 2);

        await api.StopAsync().Within(TimeSpan.FromSeconds(5));

        Assert.Null(await live.NextAsync());
        using var polled = await polling;
        Assert.Equal(HttpStatusCode.NoContent, polled.StatusCode);
        Assert.Equal(DurableCalls.Offset(5), polled.Header("Stream-Next-Offset"));
        Assert.Contains("Continued", (await api.Log.StreamEndedAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_readers_get_everything_in_one_order_whenever_they_come()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var path = await api.CreateAsync(Json);
        const int Readers = 100;
        const int Messages = 400;
        var reading = Enumerable.Range(0, Readers).Select(ReadAsync).ToArray();

        await Task.WhenAll(Enumerable.Range(0, 4).Select(async writer =>
        {
            for (var n = 0; n < Messages / 4; n++)
                await api.AppendAsync(path, Json, $"[\"{writer}-{n}\"]");
        }));
        using var closing = await api.PostAsync(path, headers: ("Stream-Closed", "true"));
        var got = await Task.WhenAll(reading).Within();

        var order = JsonSerializer.Deserialize<string[]>(await api.TextAsync(path))!;
        Assert.Equal(Messages, order.Length);
        Assert.All(got, messages => Assert.Equal(order, messages));

        async Task<List<string>> ReadAsync(int reader)
        {
            await Task.Delay(10 * reader);
            using var live = await LiveResponse.OpenAsync(api, path);
            var messages = new List<string>();
            while (await live.NextAsync() is { } next)
            {
                if (next.Name == "data")
                    messages.AddRange(JsonSerializer.Deserialize<string[]>(next.Data)!);
            }

            return messages;
        }
    }

    private static Task UntilReadersAsync(LocalApi api, int count)
        => Bounded.Until(() => Task.FromResult(api.Get<LiveStreams>().Readers == count), $"{count} readers follow");
}
