using System.Buffers;
using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Threading.Channels;
using ChunkStream.DurableStreams;
using ChunkStream.DurableStreams.Recordings;
using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;
using Npgsql;

namespace ChunkStream.Functions.Tests.DurableStreams.Recordings;

/// <summary>A repeated request gets all that was recorded, once. A part never looks like the whole.</summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed partial class RecordingTests(RealPostgres postgres) : IAsyncLifetime
{
    private readonly RecordedGenerator _generator = new();
    private LocalApi _api = null!;
    private LocalApi _other = null!;

    public async Task InitializeAsync() => (_api, _other) = (await StartAsync(), await StartAsync());

    public async Task DisposeAsync()
    {
        await _api.DisposeAsync();
        await _other.DisposeAsync();
    }

    [Theory]
    [InlineData("lines", "text")]
    [InlineData("lines", "ndjson")]
    [InlineData("lines", "csv")]
    [InlineData("lines", "sse")]
    [InlineData("messages", "ndjson")]
    [InlineData("messages", "json")]
    [InlineData("messages", "csv")]
    [InlineData("messages", "text")]
    [InlineData("messages", "sse")]
    [InlineData("messages", "frames")]
    public async Task What_is_recorded_is_what_the_generator_gives(string endpoint, string format)
    {
        var plain = $"/api/{endpoint}?count=2500&intervalMs=0&format={format}";
        var (name, recorded) = New(plain);
        var expected = await _api.Client.GetStringAsync(plain).Within();

        foreach (var api in new[] { _api, _api, _other })
            Assert.Equal(expected, Places.Replace(await api.Client.GetStringAsync(recorded).Within(), ""));

        var path = $"recordings/{endpoint}/{name}";
        using var response = await _api.ReadAsync(path);
        Assert.Equal(("true", "true"), (response.Header("Stream-Closed"), response.Header("Stream-Up-To-Date")));
        var lines = await _api.Client.GetStringAsync(
            $"/api/{endpoint}?count=2500&intervalMs=0&format={(endpoint == "lines" ? "text" : "ndjson")}").Within();
        Assert.Equal(
            endpoint == "lines" ? lines : $"[{lines.TrimEnd('\n').Replace('\n', ',')}]",
            await response.Content.ReadAsStringAsync().Within());
    }

    [Fact]
    public async Task Each_item_arrives_when_it_is_made_also_where_it_is_not_recorded()
    {
        using var first = await _api.GetAsync(_generator.Make(1).ServedBy(_api));
        using var second = await _api.GetAsync(_generator.ServedBy(_api));
        using var third = await _other.GetAsync(_generator.ServedBy(_other));
        var bodies = new[]
        {
            await first.Content.ReadAsStreamAsync(),
            await second.Content.ReadAsStreamAsync(),
            await third.Content.ReadAsStreamAsync(),
        };
        for (var item = 0; item < 20; item++)
        {
            foreach (var body in bodies)
                Assert.Equal(RecordedGenerator.Item(item) + "\n", await body.ReadSomeAsync());
            _generator.Make(item < 19 ? 1 : 0);
        }

        _generator.End();
        foreach (var body in bodies)
            Assert.Equal("", await body.ReadSomeAsync());
        Assert.Equal(1, _generator.Starts);
    }

    [Fact]
    public async Task A_reader_that_leaves_does_not_end_the_recording_and_a_reload_has_all_of_it()
    {
        using (var response = await _api.GetAsync(_generator.Make(3).ServedBy(_api)))
        {
            await using var body = await response.Content.ReadAsStreamAsync();
            Assert.Equal(RecordedGenerator.Lines(0, 3), await ReadAsync(body, 3));
        }

        _generator.Make(10);
        using var again = await _api.GetAsync(_generator.ServedBy(_api));
        using var elsewhere = await _other.GetAsync(_generator.ServedBy(_other));
        _generator.Make(7).End();

        Assert.Equal(RecordedGenerator.Lines(0, 20), await again.Content.ReadAsStringAsync().Within());
        Assert.Equal(RecordedGenerator.Lines(0, 20), await elsewhere.Content.ReadAsStringAsync().Within());
        Assert.Equal(
            RecordedGenerator.Lines(0, 20), await _other.Client.GetStringAsync(_generator.ServedBy(_other)).Within());
        Assert.Equal(1, _generator.Starts);
    }

    [Fact]
    public async Task Nobody_has_to_read_for_the_recording_to_become_complete()
    {
        using (await _api.GetAsync(_generator.Make(3).ServedBy(_api)))
        {
        }

        _generator.Make(17).End();
        await UntilClosedAsync(_generator.RecordedPath);

        Assert.Equal(
            RecordedGenerator.Lines(0, 20), await _other.Client.GetStringAsync(_generator.ServedBy(_other)).Within());
    }

    [Fact]
    public async Task Last_Event_ID_and_resume_go_on_after_each_item_while_it_is_recorded_and_later_here_and_elsewhere()
    {
        using var first = await _api.GetAsync(
            _generator.Make(10).ServedBy(_api).Replace("ndjson", "sse", StringComparison.Ordinal));
        await using var body = await first.Content.ReadAsStreamAsync();
        var text = "";
        while (EventId.Count(text) < 10)
            text += await body.ReadSomeAsync();
        var ids = EventId.Matches(text).Select(match => match.Groups[1].Value).ToArray();

        var resumed = new List<(int From, HttpResponseMessage Response)>();
        for (var item = 0; item < 10; item++)
        {
            foreach (var api in new[] { _api, _other })
            {
                var request = new HttpRequestMessage(
                    HttpMethod.Get, _generator.ServedBy(api).Replace("ndjson", "sse", StringComparison.Ordinal));
                request.Headers.Add("Last-Event-ID", ids[item]);
                var response = api.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
                // The headers come with the first item, which the last of these still lacks.
                if (item < 9)
                    resumed.Add((item + 1, await response.Within()));
            }
        }

        _generator.Make(5).End();
        foreach (var (from, response) in resumed)
        {
            var data = SseReader.Events(await response.Content.ReadAsStringAsync().Within())
                .Where(one => one.Name == "").Select(one => one.Data + "\n");
            Assert.Equal(RecordedGenerator.Lines(from, 15), string.Concat(data));
            response.Dispose();
        }

        await UntilClosedAsync(_generator.RecordedPath);
        for (var item = 0; item < 10; item++)
            Assert.Equal(
                RecordedGenerator.Lines(item + 1, 15),
                await _other.Client.GetStringAsync(_generator.ServedBy(_other) + "&resume=" + ids[item]).Within());
        Assert.Equal(1, _generator.Starts);
    }

    [Fact]
    public async Task Of_requests_that_come_together_one_starts_the_generator()
    {
        _generator.Make(2000).End();

        var bodies = await Task.WhenAll(Enumerable.Range(0, 40).Select(number => Task.Run(() =>
        {
            var api = number % 2 == 0 ? _api : _other;
            return api.Client.GetStringAsync(_generator.ServedBy(api));
        }))).Within();

        Assert.All(bodies, body => Assert.Equal(RecordedGenerator.Lines(0, 2000), body));
        Assert.Equal(1, _generator.Starts);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public async Task A_generator_that_fails_leaves_a_recording_that_nobody_takes_for_whole(int items)
    {
        _generator.Make(items).End(new InvalidOperationException("secret details"));

        using (var first = await _api.GetAsync(_generator.ServedBy(_api)))
            Assert.Equal(
                (items == 0 ? HttpStatusCode.InternalServerError : HttpStatusCode.OK, items, false),
                await ReadAsync(first));
        foreach (var api in new[] { _api, _other })
        {
            await UntilCutAsync();
            using var later = await api.GetAsync(_generator.ServedBy(api));
            Assert.Equal((items == 0 ? HttpStatusCode.Gone : HttpStatusCode.OK, items, false), await ReadAsync(later));
            var frames = await FramesAsync(api);
            Assert.DoesNotContain("secret", frames, StringComparison.Ordinal);
            Assert.Contains("urn:chunkstream:recording-incomplete", frames, StringComparison.Ordinal);
        }

        using var stream = await _api.ReadAsync(_generator.RecordedPath);
        Assert.Equal((HttpStatusCode.OK, null), (stream.StatusCode, stream.Header("Stream-Closed")));
        Assert.Equal(1, _generator.Starts);
    }

    [Fact]
    public async Task A_reader_that_does_not_read_stops_nothing_and_gets_everything_when_it_does()
    {
        const int Lines = 400_000;
        var (name, recorded) = New($"/api/lines?count={Lines}&intervalMs=0");
        using var slow = await RawClient.GetAsync(_api.Client.BaseAddress!, recorded);

        await UntilClosedAsync($"recordings/lines/{name}");
        var (lines, isWhole) = await slow.CountToEndAsync((byte)'L');

        // The count is right because the response's head has no "L".
        Assert.Equal((Lines, true), (lines, isWhole));
    }

    [Fact]
    public async Task A_recording_without_readers_ends_after_the_limit_and_is_not_whole()
    {
        await using var api = await StartAsync(("ChunkStream:Streams:RecordSeconds", "1"));
        var clock = new Stopwatch();
        using (var response = await api.GetAsync(_generator.Make(3).ServedBy(api)))
        {
            // The recording goes on as long as somebody reads it.
            await Task.Delay(TimeSpan.FromSeconds(2));
            Assert.False(_generator.Released.IsCompleted);
            clock.Start();
        }

        await _generator.Released.Within();
        Assert.InRange(clock.Elapsed, TimeSpan.FromSeconds(0.9), Bounded.Limit);
        await UntilCutAsync();

        using var later = await _other.GetAsync(_generator.ServedBy(_other));
        Assert.Equal((HttpStatusCode.OK, 3, false), await ReadAsync(later));
        Assert.Contains("nobody read it", await FramesAsync(_other), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reader_on_another_instance_keeps_it_going()
    {
        await using var api = await StartAsync(
            ("ChunkStream:Streams:RecordSeconds", "5"), ("ChunkStream:Streams:RecorderSeconds", "5"));
        await using var other = await StartAsync(("ChunkStream:Streams:RecorderSeconds", "5"));
        HttpResponseMessage elsewhere;
        using (await api.GetAsync(_generator.Make(3).ServedBy(api)))
            elsewhere = await other.GetAsync(_generator.ServedBy(other));

        await Task.Delay(TimeSpan.FromSeconds(8));
        _generator.Make(2).End();

        Assert.Equal(RecordedGenerator.Lines(0, 5), await elsewhere.Content.ReadAsStringAsync().Within());
        elsewhere.Dispose();
    }

    [Fact]
    public async Task A_recording_whose_process_is_gone_is_told_from_one_that_goes_on()
    {
        await using var host = StoreHost.Start(postgres.ConnectionString, ("ChunkStream:Streams:RecorderSeconds", "3"));
        var clock = Stopwatch.StartNew();
        var begun = await host.Get<RecordingStore>()
            .BeginAsync(_generator.Recordable, Guid.NewGuid(), mayCreate: true, default);
        Assert.Equal(BeginStatus.Created, begun.Status);
        await host.RecordAsync(
            _generator.RecordedPath, begun, 0,
            RecordedGenerator.Item(0), RecordedGenerator.Item(1), RecordedGenerator.Item(2));

        await using var api = await StartAsync(("ChunkStream:Streams:RecorderSeconds", "1.5"));
        using var reader = await api.GetAsync(_generator.ServedBy(api));
        Assert.Equal((HttpStatusCode.OK, 3, false), await ReadAsync(reader));
        Assert.InRange(clock.Elapsed, TimeSpan.FromSeconds(2.9), Bounded.Limit);

        Assert.Contains("is gone", await FramesAsync(api), StringComparison.Ordinal);
        using var rest = await api.GetAsync(_generator.ServedBy(api) + "&resume=" + DurableCalls.Offset(3));
        Assert.Equal(HttpStatusCode.Gone, rest.StatusCode);
        Assert.Equal("urn:chunkstream:recording-incomplete", (string?)(await rest.ProblemAsync())["type"]);
        Assert.Equal(0, _generator.Starts);
    }

    [Fact]
    public async Task A_process_that_stops_says_so()
    {
        var api = await StartAsync();
        using (await api.GetAsync(_generator.Make(3).ServedBy(api)))
        {
        }

        await api.StopAsync().Within();
        await api.DisposeAsync();

        Assert.True(_generator.Released.IsCompleted);
        Assert.Contains("was stopped", await FramesAsync(_other), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_recording_that_is_deleted_ends_its_generator_and_its_readers()
    {
        await using var api = await StartAsync(("ChunkStream:Streams:RecorderSeconds", "1"));
        using var first = await api.GetAsync(_generator.Make(3).ServedBy(api));
        using var second = await _other.GetAsync(_generator.ServedBy(_other));
        using var deletion = await api.SendAsync(HttpMethod.Delete, _generator.RecordedPath, null, null);

        await _generator.Released.Within();
        Assert.Equal((HttpStatusCode.OK, 3, false), await ReadAsync(first));
        Assert.Equal((HttpStatusCode.OK, 3, false), await ReadAsync(second));
    }

    [Fact]
    public async Task Nobody_else_appends_to_a_recording_or_closes_it_and_a_fork_of_it_is_ones_own()
    {
        using var first = await _api.GetAsync(_generator.Make(3).ServedBy(_api));
        await using var body = await first.Content.ReadAsStreamAsync();
        var read = await body.ReadUntilAsync(RecordedGenerator.Item(2));
        await Bounded.Until(
            async () => await _api.TextAsync(_generator.RecordedPath) is var stored && stored.Contains("Item 2"),
            "three items are stored");

        const string Mine = """{"number":7,"text":"Mine"}""";
        foreach (var (content, headers) in new (string?, (string, string)[])[]
        {
            (Mine, []),
            (Mine, [("Producer-Id", "recorder"), ("Producer-Epoch", "0"), ("Producer-Seq", "0")]),
            (Mine, [("Stream-Closed", "true")]),
            (null, [("Stream-Closed", "true")]),
        })
        {
            using var strange = await _other.PostAsync(
                _generator.RecordedPath, content is null ? null : "application/json", content, headers);
            Assert.Equal(HttpStatusCode.Conflict, strange.StatusCode);
            Assert.Equal("urn:chunkstream:stream-recorded", (string?)(await strange.ProblemAsync())["type"]);
        }

        foreach (var sql in new[] { "append('{path}', '7'::jsonb)", "create('{path}')" })
        {
            var refused = await Assert.ThrowsAsync<PostgresException>(() => postgres.ExecuteAsync(
                "select chunkstream." + sql.Replace("{path}", _generator.RecordedPath, StringComparison.Ordinal)));
            Assert.Contains("a recording", refused.MessageText, StringComparison.Ordinal);
        }

        var fork = await _api.CreateAsync(
            "application/json", headers: [("Stream-Forked-From", _generator.RecordedPath)]);
        await _api.AppendAsync(fork, "application/json", Mine);
        _generator.Make(1).End();

        Assert.Equal(RecordedGenerator.Lines(0, 4), read + await body.ReadUntilAsync(RecordedGenerator.Item(3) + "\n"));
        Assert.Equal("", await body.ReadSomeAsync());
        using var elsewhere = await _other.GetAsync(_generator.ServedBy(_other));
        Assert.Equal((HttpStatusCode.OK, 4, true), await ReadAsync(elsewhere));
    }

    [Fact]
    public async Task The_items_of_a_recording_that_was_deleted_never_get_into_the_one_that_is_made_anew()
    {
        var name = DurableCalls.NewPath();
        var (before, anew) = (Channel.CreateUnbounded<string>(), Channel.CreateUnbounded<string>());
        var first = _api.GetAsync(Serve(_api, before));
        await UntilThereAsync();
        using var deletion = await _api.SendAsync(HttpMethod.Delete, $"recordings/own/{name}", null, null);
        var second = _other.GetAsync(Serve(_other, anew));
        await UntilThereAsync();

        Assert.True(before.Writer.TryWrite("old"));
        using (var response = await first)
            await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsStringAsync().Within());
        Assert.True(anew.Writer.TryWrite("new"));
        anew.Writer.Complete();

        using (var response = await second)
            Assert.Equal("new\n", await response.Content.ReadAsStringAsync().Within());
        Assert.Equal("new\n", await _api.TextAsync($"recordings/own/{name}"));

        string Serve(LocalApi api, Channel<string> items)
            => api.Serve("own", _ => StreamResults.Recorded(
                name, items.Reader.ReadAllAsync, new RecordedItemsOptions<string> { Name = "own" }));

        Task UntilThereAsync() => Bounded.Until(
            async () =>
            {
                using var there = await _api.SendAsync(HttpMethod.Head, $"recordings/own/{name}", null, null);
                return there.IsSuccessStatusCode;
            },
            "the recording is there");
    }

    [Fact]
    public async Task Recording_without_a_key_must_be_allowed()
    {
        await using var closed = await StartAsync(("ChunkStream:Streams:PublicRecording", "false"));
        var (name, recorded) = New("/api/lines?count=1");
        using var refused = await closed.GetAsync(recorded);
        using var stream = await closed.ReadAsync($"recordings/lines/{name}");

        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Equal("urn:chunkstream:recording-not-public", (string?)(await refused.ProblemAsync())["type"]);
        Assert.Equal(HttpStatusCode.NotFound, stream.StatusCode);
        Assert.False(new DurableStreamOptions().PublicRecording);

        await using var keyed = await LocalApi.StartAsync(postgres.ConnectionString, functionKey: "a key");
        using var refusedToo = await keyed.GetAsync(recorded);
        Assert.Equal(HttpStatusCode.Forbidden, refusedToo.StatusCode);
    }

    [Fact]
    public async Task Recordings_without_a_key_have_a_quota_in_number_and_in_bytes()
    {
        var there = await postgres.ScalarAsync<long>(
            "select count(*) from chunkstream.recordings r join chunkstream.streams s on s.id = r.stream_id "
            + "where starts_with(s.path, 'recordings/lines/')");
        await using var api = await StartAsync(
            ("ChunkStream:Streams:PublicRecordings", $"{there + 1}"),
            ("ChunkStream:Streams:PublicRecordingBytes", "100000"));

        var (name, large) = New("/api/lines?count=1000000&intervalMs=0");
        using var response = await api.GetAsync(large);
        await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsStringAsync().Within());
        var stored = await api.TextAsync($"recordings/lines/{name}");
        Assert.InRange(stored.Length, 100_000, 200_000);

        var (_, another) = New("/api/lines?count=1");
        using var refused = await api.GetAsync(another);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal("urn:chunkstream:too-many-recordings", (string?)(await refused.ProblemAsync())["type"]);

        // The limits are only for what needs no key, and what is recorded can still be read.
        _generator.Make(1).End();
        using var keyed = await api.GetAsync(_generator.ServedBy(api));
        Assert.Equal(HttpStatusCode.OK, keyed.StatusCode);
        using var again = await api.GetAsync(large);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Fact]
    public async Task Of_those_that_are_begun_without_a_key_at_once_only_a_few_wait_for_each_other()
    {
        const int Waiting = 17;
        await using var api = await StartAsync(("ChunkStream:Streams:PublicRecordings", "100000"));
        Assert.Equal("Line 0\n", await api.Client.GetStringAsync(New("/api/lines?count=1").Path).Within());

        // A request for a recording that another transaction is creating waits for that transaction.
        var (name, first) = New("/api/lines?count=1");
        await using var slow = new NpgsqlConnection(postgres.ConnectionString + ";Pooling=false");
        await slow.OpenAsync().Within();
        await using var begun = await slow.BeginTransactionAsync();
        await using (var create = new NpgsqlCommand(
            $"select * from chunkstream.stream_create('recordings/lines/{name}', 'text/plain', false, '{{}}', false, "
            + "null, null, null, null, null)",
            slow))
            await create.ExecuteNonQueryAsync().Within();
        List<Task<HttpResponseMessage>> requests = [api.GetAsync(first)];
        await Bounded.Until(
            () => postgres.ScalarAsync<bool>(
                "select count(*) > 0 from pg_stat_activity "
                + "where wait_event_type = 'Lock' and query like '%recording_begin%'"),
            "it waits");

        requests.AddRange(
            Enumerable.Range(0, Waiting - 1 + 10).Select(_ => api.GetAsync(New("/api/lines?count=1").Path)));
        await Bounded.Until(
            () => Task.FromResult(requests.Count(request => request.IsCompleted) >= 10),
            "the others are refused while those wait");

        await begun.RollbackAsync().Within();
        var answers = await Task.WhenAll(requests).Within();
        Assert.Equal(Waiting, answers.Count(answer => answer.IsSuccessStatusCode));
        foreach (var answer in answers.Where(answer => !answer.IsSuccessStatusCode))
        {
            Assert.Equal(
                (HttpStatusCode.ServiceUnavailable, true), (answer.StatusCode, answer.Headers.RetryAfter is not null));
            Assert.Equal("urn:chunkstream:too-many-recordings", (string?)(await answer.ProblemAsync())["type"]);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a//b")]
    [InlineData("..")]
    [InlineData("../../orders/42")]
    [InlineData("a/../../../x")]
    [InlineData("a%00b")]
    [InlineData("%252e%252e")]
    public async Task No_name_leads_out_of_the_recordings(string name)
    {
        using var response = await _api.GetAsync($"/api/lines?count=1&record={name}");

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("record", (string?)(await response.ProblemAsync())["errors"]![0]!["parameter"]);
    }

    [Fact]
    public async Task What_can_not_be_is_refused()
    {
        var (name, recorded) = New("/api/lines?count=3&intervalMs=0");
        using var head = await _api.HeadAsync(recorded);
        using var nothing = await _api.ReadAsync($"recordings/lines/{name}");
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NotFound), (head.StatusCode, nothing.StatusCode));

        await AssertRefusedAsync(404, "not-found", recorded + "&resume=" + DurableCalls.Offset(8));
        await AssertRefusedAsync(400, "invalid-resume-token", recorded + "&resume=8");
        Assert.Equal("Line 0\nLine 1\nLine 2\n", await _api.Client.GetStringAsync(recorded).Within());
        Assert.Equal(
            "Line 1\nLine 2\n",
            await _api.Client.GetStringAsync(recorded + "&resume=" + DurableCalls.Offset("Line 0\n".Length)).Within());
        await AssertRefusedAsync(
            409, "recording-differs", recorded.Replace("count=3", "count=4", StringComparison.Ordinal));
        await AssertRefusedAsync(400, "invalid-resume-token", recorded + "&resume=" + DurableCalls.Offset(800));
        await AssertRefusedAsync(400, "invalid-parameters", "/api/lines?resume=" + DurableCalls.Offset(8));

        using var taking = await _api.PutAsync($"recordings/lines/{name}-2", "text/plain", "secret");
        await AssertRefusedAsync(409, "stream-exists", recorded + "-2");
    }

    [Fact]
    public async Task More_recordings_than_may_run_are_refused_and_those_that_run_are_read()
    {
        await using var api = await StartAsync(("ChunkStream:Streams:MaxRecordings", "1"));
        using var first = await api.GetAsync(_generator.Make(1).ServedBy(api));
        var (_, recorded) = New("/api/lines?count=1");
        using var refused = await api.GetAsync(recorded);
        using var second = await api.GetAsync(_generator.ServedBy(api));
        _generator.End();

        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable, true), (refused.StatusCode, refused.Headers.RetryAfter is not null));
        Assert.Equal(RecordedGenerator.Lines(0, 1), await second.Content.ReadAsStringAsync().Within());
        await Bounded.Until(
            async () =>
            {
                using var next = await api.GetAsync(recorded);
                return next.IsSuccessStatusCode && await next.Content.ReadAsStringAsync().Within() == "Line 0\n";
            },
            "its place is free");
    }

    [Fact]
    public async Task A_time_limit_parts_a_response_and_not_the_recording()
    {
        // It comes once there is a row, and for the second response not at all.
        var limit = new HeldTimers(TimeSpan.FromSeconds(77));
        await using var api = await LocalApi.StartAsync(
            limit,
            ("ConnectionStrings:Postgres", postgres.ConnectionString),
            ("ChunkStream:Streaming:MaxDurationSeconds", "77"));
        var frames = "";
        var path = _generator.Make(2).ServedBy(api).Replace("ndjson", "frames", StringComparison.Ordinal);
        using (var parted = await api.GetAsync(path))
        {
            limit.End();
            frames += await parted.Content.ReadAsStringAsync().Within();
        }

        _generator.Make(3).End();
        frames += await api.Client.GetStringAsync(
            path + "&resume=" + Regex.Match(frames, "\"continue\":\"(.*?)\"").Groups[1].Value).Within();

        Assert.Equal(
            RecordedGenerator.Lines(0, 5),
            string.Concat(Regex.Matches(frames, "\\{\"row\":(.*)\\}\n").Select(match => match.Groups[1].Value + "\n")));
        Assert.Contains("\"continue\":null", frames, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Texts_of_all_kinds_come_back_and_a_line_break_parts_an_item()
    {
        string[] items =
            ["", "a\nb", "\"quoted\", comma", "ünï ☃ 😀", "tab\t and \r return", new string('x', 300_000), "end"];
        var name = DurableCalls.NewPath();
        foreach (var api in new[] { _api, _api, _other })
        {
            var path = api.Serve("texts", _ => StreamResults.Recorded(
                name, _ => items.ToAsyncEnumerable(), new RecordedItemsOptions<string> { Name = "texts" }));
            Assert.Equal(string.Join('\n', items) + "\n", await api.Client.GetStringAsync(path).Within());
            var read = await StreamRead.OfAsync(await api.GetAsync(path + "?format=frames"), "frames");
            read.AssertWhole(string.Join('\n', items).Split('\n'));
        }
    }

    [Fact]
    public async Task A_checkpoint_is_after_what_was_written_and_not_after_what_was_looked_at()
    {
        var generator = RecordableGenerator.Create(
            new RecordingName("own", DurableCalls.NewPath()),
            _ => new[] { "a", "bc", "d" }.ToAsyncEnumerable(),
            TestJson.Default.String);
        await using var source = new RecordingSource(
            _api.Get<RecordingRegistry>(), generator, null, RecordEncoding.Text, default);
        var output = new ByteWriter(new ArrayBufferWriter<byte>());
        foreach (var position in new[] { 0, 2, 5 })
        {
            Assert.True(await source.WaitToReadAsync().Within());
            Assert.Equal(DurableCalls.Offset(position), Encoding.ASCII.GetString(source.Checkpoint));
            Assert.True(source.TryRead());
            source.WriteRecord(output);
        }

        Assert.False(await source.WaitToReadAsync().Within());
        Assert.Equal(DurableCalls.Offset(7), Encoding.ASCII.GetString(source.Checkpoint));
    }

    [Fact]
    public async Task What_a_killed_process_recorded_is_read_elsewhere_and_is_not_whole()
    {
        await using var other = await StartAsync(("ChunkStream:Streams:RecorderSeconds", "3"));
        using var recorder = new LocalHostProcess(
            postgres.ConnectionString, ("ChunkStream__Streams__RecorderSeconds", "3"));
        await recorder.StartAsync();
        var (_, recorded) = New("/api/messages?count=1000&intervalMs=50");
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var first = await client.GetAsync(
            new Uri(recorder.Address, recorded), HttpCompletionOption.ResponseHeadersRead).Within();
        await using var body = await first.Content.ReadAsStreamAsync();
        await ReadAsync(body, lines: 5);
        using var following = await other.GetAsync(recorded);
        recorder.Kill();

        var read = await StreamRead.OfAsync(following, "text");
        using var later = await other.GetAsync(recorded);
        var again = await StreamRead.OfAsync(later, "text");
        Assert.Equal((false, false), (read.IsComplete, again.IsComplete));
        var chunks = Chunks(read);
        Assert.NotEmpty(chunks);
        Assert.Equal(Enumerable.Range(0, chunks.Length), chunks);
        Assert.Equal(chunks, Chunks(again));
        await AssertRefusedAsync(
            410, "recording-incomplete", recorded + "&resume=" + DurableCalls.Offset(chunks.Length));

        static int[] Chunks(StreamRead read)
            =>
            [
                .. read.Records.Single().Split('\n')[..^1]
                    .Select(line => JsonNode.Parse(line)!["number"]!.GetValue<int>()),
            ];
    }

    private Task<LocalApi> StartAsync(params (string Key, string Value)[] settings)
        => LocalApi.StartAsync(postgres.ConnectionString, settings: settings);

    private static (string Name, string Path) New(string plain)
    {
        var name = DurableCalls.NewPath();
        return (name, $"{plain}&record={name}");
    }

    private Task UntilCutAsync()
        => Bounded.Until(
            () => postgres.ScalarAsync<bool>(
                "select exists (select from chunkstream.recordings r join chunkstream.streams s on s.id = r.stream_id "
                + $"where s.path = '{_generator.RecordedPath}' and r.cut is not null)"),
            "the recording has ended before its end");

    private async Task UntilClosedAsync(string path)
        => await Bounded.Until(
            async () =>
            {
                using var response = await _api.SendAsync(HttpMethod.Head, path, null, null);
                return response.Header("Stream-Closed") == "true";
            },
            "the recording is complete");

    private async Task AssertRefusedAsync(int status, string type, string path)
    {
        using var response = await _api.GetAsync(path);
        Assert.Equal(
            (status, $"urn:chunkstream:{type}"),
            ((int)response.StatusCode, (string?)(await response.ProblemAsync())["type"]));
    }

    private async Task<string> FramesAsync(LocalApi api)
    {
        using var response = await api.GetAsync(
            _generator.ServedBy(api).Replace("ndjson", "frames", StringComparison.Ordinal));
        var frames = "";
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync();
            while (await body.ReadSomeAsync() is { Length: > 0 } some)
                frames += some;
            Assert.False(response.IsSuccessStatusCode, "It ended cleanly.");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // The response was broken off, as it should be.
        }

        return frames;
    }

    private static async Task<string> ReadAsync(Stream body, int lines)
    {
        var text = "";
        while (text.Count(c => c == '\n') < lines)
            text += await body.ReadSomeAsync();
        return text;
    }

    /// <summary>How many items a response has, each once and from the first on, and whether it ended cleanly.</summary>
    private static async Task<(HttpStatusCode Status, int Items, bool IsWhole)> ReadAsync(HttpResponseMessage response)
    {
        if (!response.IsSuccessStatusCode)
            return (response.StatusCode, 0, false);
        var read = await StreamRead.OfAsync(response, "text");
        var text = read.Records.Single().TrimEnd(' ');
        var items = text.Count(c => c == '\n');
        Assert.Equal(RecordedGenerator.Lines(0, items), text);
        return (response.StatusCode, items, read.IsComplete);
    }

    // The places in a stream that only a recording's response names.
    [GeneratedRegex("(?<=^data: .*)\nid: \\d{19}$|^\\{\"checkpoint\":\"\\d{19}\"\\}\n", RegexOptions.Multiline)]
    private static partial Regex Places { get; }

    [GeneratedRegex("^id: (\\d{19})$", RegexOptions.Multiline)]
    private static partial Regex EventId { get; }
}
