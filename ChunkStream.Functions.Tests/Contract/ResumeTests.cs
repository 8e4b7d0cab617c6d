using System.Buffers.Binary;
using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;
using ChunkStream.Postgres.Resuming;

namespace ChunkStream.Functions.Tests.Contract;

/// <summary>A keyed query can be resumed after any row, and no row is lost or doubled.</summary>
[Collection(RealPostgres.Collection)]
public sealed class ResumeTests(RealPostgres postgres) : IAsyncLifetime
{
    private const string Table =
        """
        drop table if exists resumed;
        drop type if exists resumed_level;
        create type resumed_level as enum ('low', 'high');
        create table resumed (
            id bigint not null, part int not null, at timestamptz not null, name text not null, ratio float8 not null,
        """
        + "\n    level resumed_level not null, amount numeric not null, tag char(6) not null, address inet not null, "
        + "code uuid not null, day date not null,\n"
        + "    primary key (part, id), unique (id));\n"
        + "insert into resumed select n, n / 7 % 5, timestamptz '2026-01-01 00:00Z' + n / 5 "
        + "* interval '1.000001 seconds', 'näme \"' || n % 11 || E'\\n,\\t',\n"
        + "    sin(n), (array['low', 'high'])[1 + n % 2]::resumed_level, (n % 13)::numeric / 7, 'a' || n % 3, "
        + "('10.0.' || n % 4 || '.1')::inet, md5(n::text)::uuid,\n"
        + "    date '0044-03-15 BC' + n % 3\n"
        + "from generate_series(1, 60) n;";

    // Each row is flushed with a checkpoint of its own.
    private static readonly (string, string) EachRowAlone = ("ChunkStream:Streaming:FlushBytes", "1");

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(77);

    private readonly QueryFiles _files = new();

    public Task InitializeAsync() => postgres.ExecuteAsync(Table);

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData("part, id")]
    [InlineData("part desc, id desc")]
    [InlineData("part desc, id")]
    [InlineData("part, id desc")]
    [InlineData("at desc, part, id desc")]
    [InlineData("name, ratio")]
    [InlineData("ratio desc")]
    [InlineData("level, amount desc, id")]
    [InlineData("tag desc, address, id")]
    [InlineData("code")]
    [InlineData("day desc, id")]
    public async Task After_every_single_frame(string key)
    {
        // All parts, and several rows of each value that is not unique. Each row costs a request.
        const string Query = "select * from resumed where id <= 29";
        await using var api = await ServingAsync($"-- key: {key}\n{Query}");
        var whole = await RowsAsync(api, "/api/db-stream?format=frames");
        Assert.Equal(await postgres.OracleAsync($"{Query} order by {key}"), whole);

        // One row, then the connection is cut; and so on to the end.
        var joined = new List<string>();
        string? token = null;
        while (true)
        {
            var path = "/api/db-stream?format=frames" + (token is null ? "" : $"&resume={token}");
            var (rows, checkpoint, ended) = await UntilCheckpointAsync(api, path);
            joined.AddRange(rows);
            if (ended)
                break;
            token = checkpoint;
        }

        Assert.Equal(whole, joined);
    }

    [Fact]
    public async Task By_the_id_of_every_event()
    {
        await using var api = await ServingAsync("-- key: part desc, id\nselect id, part from resumed");
        var whole = await api.Client.GetStringAsync("/api/db-stream?format=sse").Within();
        var events = whole.Split("\n\n")[1..^1];
        Assert.Equal(61, events.Length);

        foreach (var (index, one) in events[..^1].Index())
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/db-stream");
            request.Headers.Add("Accept", "text/event-stream");
            request.Headers.Add("Last-Event-ID", one.Split("\nid: ")[1]);
            using var response = await api.Client.SendAsync(request).Within();
            var rest = (await response.Content.ReadAsStringAsync().Within()).Split("\n\n")[1..^1];
            Assert.Equal(events[(index + 1)..^1], rest[..^1]);
        }
    }

    [Fact]
    public async Task In_any_format_and_with_a_limit_that_counts_all_rows()
    {
        await using var api = await ServingAsync(
            "-- key: id\n-- param: least bigint = 10\nselect id from resumed where id >= @least");
        var (rows, token, _) = await UntilCheckpointAsync(api, "/api/db-stream?format=frames&limit=20&least=30");
        Assert.Equal("""{"id":30}""", Assert.Single(rows));

        var rest = await api.Client.GetStringAsync($"/api/db-stream?format=csv&limit=20&least=30&resume={token}")
            .Within();

        Assert.Equal("id\r\n" + string.Concat(Enumerable.Range(31, 19).Select(id => $"{id}\r\n")), rest);
    }

    [Fact]
    public async Task Whatever_rows_came_and_went_before_the_position()
    {
        await using var api = await ServingAsync("-- key: id\nselect id from resumed where part <> 4");
        var whole = await RowsAsync(api, "/api/db-stream?format=frames");
        var (_, token, _) = await UntilCheckpointAsync(api, "/api/db-stream?format=frames");
        await postgres.ExecuteAsync(
            "delete from resumed where id = 1; insert into resumed select -n, 0, now(), '', 0, 'low', 0, '', "
            + "'10.0.0.1', md5(n::text)::uuid, now() from generate_series(1, 100) n");

        Assert.Equal(whole[1..], await RowsAsync(api, $"/api/db-stream?format=frames&resume={token}"));
    }

    [Fact]
    public async Task A_token_that_was_changed_in_any_place_is_400()
    {
        await using var api = await ServingAsync("-- key: id\nselect id from resumed");
        var (_, token, _) = await UntilCheckpointAsync(api, "/api/db-stream?format=frames");

        for (var at = 0; at < token!.Length; at++)
        {
            var changed = token[..at] + (token[at] == 'A' ? 'B' : 'A') + token[(at + 1)..];
            await AssertRefusedAsync(api, changed, HttpStatusCode.BadRequest, "invalid-resume-token");
        }

        string[] wrongs = ["", "x", "é", token + "A", token[..^4], "AAAA", new string('A', 1000), token + token];
        foreach (var wrong in wrongs)
            await AssertRefusedAsync(
                api, Uri.EscapeDataString(wrong), HttpStatusCode.BadRequest, "invalid-resume-token");
    }

    [Fact]
    public async Task A_token_of_another_query_other_parameters_or_another_secret_is_400()
    {
        const string Query = "-- key: id\n-- param: least bigint = 10\nselect id from resumed where id >= @least";
        _files.With("other", Query);
        await using var api = await ServingAsync(Query);
        var (_, token, _) = await UntilCheckpointAsync(api, "/api/db-stream?format=frames");

        await AssertRefusedAsync(api, token + "&least=11", HttpStatusCode.BadRequest, "invalid-resume-token");
        await AssertRefusedAsync(api, token + "&limit=1", HttpStatusCode.BadRequest, "invalid-resume-token");
        await AssertRefusedAsync(api, token!, HttpStatusCode.BadRequest, "invalid-resume-token", "/api/queries/other");
        Assert.Equal(50, (await RowsAsync(api, $"/api/queries/rows?format=frames&least=10&resume={token}")).Length);

        await using var elsewhere = await LocalApi.StartAsync(
            postgres.ConnectionString,
            settings: [_files.Setting, ("ChunkStream:ResumeKey", "another key, of another function app")]);
        await AssertRefusedAsync(elsewhere, token!, HttpStatusCode.BadRequest, "invalid-resume-token");
    }

    [Theory]
    [InlineData("-- key: id\nselect id, part from resumed")]
    [InlineData("-- key: id\n-- param: more int = 1\nselect id from resumed where id > @more")]
    [InlineData("-- key: part, id\nselect part, id from resumed")]
    public async Task A_token_of_a_query_that_has_changed_since_is_409(string changed)
    {
        await using var api = await ServingAsync("-- key: id\nselect id from resumed");
        var (_, token, _) = await UntilCheckpointAsync(api, "/api/db-stream?format=frames");
        _files.With("rows", changed);
        await Task.Delay(TimeSpan.FromSeconds(1.2));

        await AssertRefusedAsync(api, token!, HttpStatusCode.Conflict, "query-changed");
    }

    [Fact]
    public async Task A_query_without_a_key_has_no_tokens_and_takes_none()
    {
        await using var api = await ServingAsync("select id from resumed order by id");
        Assert.DoesNotContain(
            "{\"checkpoint\":",
            await api.Client.GetStringAsync("/api/db-stream?format=frames").Within(), StringComparison.Ordinal);

        await AssertRefusedAsync(api, "AAAA", HttpStatusCode.BadRequest, "invalid-resume-token");
    }

    [Fact]
    public async Task A_token_that_is_rightly_signed_and_holds_no_position_is_400()
    {
        await using var api = await ServingAsync("-- key: id\n-- max-rows: 100\nselect id from resumed");
        var (_, token, _) = await UntilCheckpointAsync(api, "/api/db-stream?format=frames");

        byte[][] payloads =
        [
            [], [0x80], [1], [1, 0x80], [1, 5, (byte)'1'], [1, 1, (byte)'1', 0], [1, 1], [1, 1, 0], [1, 1, 0xFF],
            [1, 2, 0xC3, 0x28], [1, 3, .. "abc"u8], [1, 0], [1, 20, .. "99999999999999999999"u8],
            [1, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [.. Enumerable.Repeat<byte>(0xFF, 9), 1, 1, (byte)'1'],
        ];
        foreach (var payload in payloads)
            await AssertRefusedAsync(api, Signed(token!, payload), HttpStatusCode.BadRequest, "invalid-resume-token");

        // Row counts that no stream of this query can have reached.
        foreach (var rows in new byte[][] { [101], [.. Enumerable.Repeat<byte>(0xFF, 8), 0x7F] })
            await AssertRefusedAsync(
                api, Signed(token!, [.. rows, 1, (byte)'1']), HttpStatusCode.BadRequest, "invalid-resume-token");
        Assert.Equal(
            60 - 7,
            (await RowsAsync(api, $"/api/db-stream?format=frames&resume={Signed(token!, [1, 1, (byte)'7'])}")).Length);
    }

    [Theory]
    [InlineData("key: k", "select nullif(id, 30) as k from resumed")]
    [InlineData("key: part, k", "select part, nullif(id, 30) as k from resumed")]
    public async Task A_null_that_no_position_reaches_fails_a_stream_that_was_parted(string key, string sql)
    {
        await using var api = await ServingAsync($"-- {key}\n{sql}");
        var (_, token, _) = await UntilCheckpointAsync(api, "/api/db-stream?format=frames");

        var text = await UntilBrokenAsync(api, $"/api/db-stream?format=frames&resume={token}");

        Assert.Contains(
            "null in a row", (string?)JsonNode.Parse(text.Split('\n')[^2])!["error"]!["detail"],
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_null_is_also_found_where_the_database_guaranteed_once_that_there_is_none()
    {
        await using var api = await ServingAsync("-- key: id\nselect id from resumed");
        Assert.Contains(
            "\"warnings\": []", await api.Client.GetStringAsync("/api/queries").Within(), StringComparison.Ordinal);
        var (_, token, _) = await UntilCheckpointAsync(api, "/api/db-stream?format=frames");
        await postgres.ExecuteAsync(
            "alter table resumed drop constraint resumed_pkey, drop constraint resumed_id_key, "
            + "alter id drop not null; update resumed set id = null where id = 60");

        var text = await UntilBrokenAsync(api, $"/api/db-stream?format=frames&resume={token}");

        Assert.Contains(
            "null in a row", (string?)JsonNode.Parse(text.Split('\n')[^2])!["error"]!["detail"],
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_row_at_the_position_that_is_gone_counts_for_no_limit()
    {
        await using var api = await ServingAsync("-- key: id\n-- max-rows: 59\nselect id from resumed");
        var (_, token, _) = await UntilCheckpointAsync(api, "/api/db-stream?format=frames&limit=3");
        var (_, all, _) = await UntilCheckpointAsync(api, "/api/db-stream?format=frames");
        await postgres.ExecuteAsync("delete from resumed where id = 1");

        Assert.Equal(
            "id\r\n2\r\n3\r\n",
            await api.Client.GetStringAsync($"/api/db-stream?format=csv&limit=3&resume={token}").Within());
        Assert.Contains(
            "too-many-rows", await UntilBrokenAsync(api, $"/api/db-stream?format=frames&resume={all}"),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("select id, part from resumed", "part", "two rows")]
    [InlineData("select nullif(id, 30) as k from resumed", "k", "null")]
    [InlineData("select k::bpchar from (values ('a'), ('a  ')) v(k)", "k", "two rows")]
    public async Task A_key_that_is_none_fails_the_stream_before_a_row_could_be_lost(string sql, string key, string why)
    {
        await using var api = await LocalApi.ServingAsync(postgres.ConnectionString, $"-- key: {key}\n{sql}");
        var text = await UntilBrokenAsync(api, "/api/db-stream?format=frames");

        var error = JsonNode.Parse(text.Split('\n')[^2])!["error"]!;
        Assert.Equal("urn:chunkstream:key-not-unique", (string?)error["type"]);
        Assert.All(
            text.Split('\n'),
            line => Assert.InRange(line.IndexOf("{\"checkpoint\":", StringComparison.Ordinal), -1, 0));
        Assert.Contains(why, (string?)error["detail"], StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("frames")]
    [InlineData("sse")]
    public async Task Segments_that_a_deadline_parts_join_to_the_whole(string format)
    {
        _files.With("rows", "-- key: id desc\n-- param: pause float8 = 0\n"
            + "select id, part, pg_sleep(@pause)::text as slept from resumed order by id desc");
        await using var quick = await LocalApi.ServingAsync(postgres.ConnectionString, _files);
        var whole = format == "frames" ? await RowsAsync(quick, "/api/db-stream?format=frames") : [];
        var deadline = new HeldTimers(Deadline);
        await using var api = await PartedAsync(deadline);

        var joined = new List<string>();
        var segments = 0;
        for (string? token = ""; token is not null; segments++)
        {
            using var response = await api.GetAsync(
                $"/api/db-stream?format={format}&pause=0.05" + (token.Length > 0 ? $"&resume={token}" : ""));
            await using var stream = await response.Content.ReadAsStreamAsync();
            var body = "";
            while (await stream.ReadSomeAsync() is { Length: > 0 } more)
            {
                // It comes once some rows have, however slow the machine is.
                body += more;
                if (body.Count(letter => letter == '\n') > 20)
                    deadline.End();
            }

            var (rows, end) = format == "frames" ? Frames(body) : Events(body);
            joined.AddRange(rows);
            token = (string?)end["continue"];
        }

        Assert.InRange(segments, 2, 40);
        Assert.Equal(60, joined.Count);
        if (format == "frames")
            Assert.Equal(whole, joined);
        await Bounded.Until(() => Task.FromResult(Continued() >= segments - 1), "the parts are logged");
        Assert.Equal(segments - 1, Continued());

        int Continued()
            => api.Log.Entries.Count(entry => entry.Message.Contains("Continued", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_stream_that_gains_no_row_before_its_deadline_fails_instead_of_going_on_for_ever()
    {
        _files.With("rows", "-- key: id\nselect id, pg_sleep(case when id > 1 then 600 else 0 end)::text as slept "
            + "from resumed order by id");
        var deadline = new HeldTimers(Deadline);
        await using var api = await PartedAsync(deadline);
        using var first = await api.GetAsync("/api/db-stream?format=frames");
        deadline.End();
        var (_, end) = Frames(await first.Content.ReadAsStringAsync().Within());

        var asking = api.GetAsync($"/api/db-stream?format=frames&resume={end["continue"]}");
        await Bounded.Until(() => Task.FromResult(deadline.Begun > 0), "it has begun");
        deadline.End();
        using var response = await asking;

        Assert.Equal(HttpStatusCode.GatewayTimeout, response.StatusCode);
        await postgres.AssertNothingRunsAsync();
    }

    [Fact]
    public async Task A_process_that_stops_parts_its_streams_as_a_deadline_does()
    {
        _files.With("rows", "-- key: id\nselect id, pg_sleep(0.1)::text as slept from resumed order by id");
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString, _files, ("ChunkStream:Streaming:ShutdownSeconds", "1.5"));
        using var response = await api.GetAsync("/api/db-stream?format=frames");
        var stopping = api.StopAsync();

        var (rows, end) = Frames(await response.Content.ReadAsStringAsync().Within());

        Assert.NotEmpty(rows);
        Assert.NotNull((string?)end["continue"]);
        await stopping.Within();
    }

    // A deadline that comes before the first row is another case, so it comes when the test says so.
    private Task<LocalApi> PartedAsync(HeldTimers deadline)
        => LocalApi.StartAsync(
            deadline,
            ("ConnectionStrings:Postgres", postgres.ConnectionString), _files.Setting,
            ("ChunkStream:ResumeKey", "a key for tests that nobody guesses"),
            ("ChunkStream:Streaming:MaxDurationSeconds", $"{Deadline.TotalSeconds:F0}"));

    private Task<LocalApi> ServingAsync(string sql)
        => LocalApi.ServingAsync(postgres.ConnectionString, _files.With("rows", sql), EachRowAlone);

    private static (string[] Rows, JsonNode End) Frames(string body)
    {
        var lines = body.Split('\n')[..^1];
        var rows = lines.Where(line => line.StartsWith("{\"row\":", StringComparison.Ordinal))
            .Select(line => line[7..^1]);
        return ([.. rows], JsonNode.Parse(lines[^1])!["end"]!);
    }

    private static (string[] Rows, JsonNode End) Events(string body)
    {
        var events = body.Split("\n\n")[..^1];
        Assert.StartsWith("event: end", events[^1], StringComparison.Ordinal);
        var end = JsonNode.Parse(events[^1].Split("data: ")[1])!;
        Assert.Contains($"\nid: {(string?)end["continue"] ?? "end"}\n", events[^1], StringComparison.Ordinal);
        var rows = events.Where(one => one.StartsWith("data: ", StringComparison.Ordinal))
            .Select(one => one[6..].Split("\nid: ")[0]);
        return ([.. rows], end);
    }

    /// <summary>What comes before the connection breaks.</summary>
    private static async Task<string> UntilBrokenAsync(LocalApi api, string path)
    {
        using var response = await api.GetAsync(path);
        await using var body = await response.Content.ReadAsStreamAsync();
        var text = "";
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            while (await body.ReadSomeAsync() is { Length: > 0 } more)
                text += more;
        });
        return text;
    }

    /// <summary>A token with another position, signed as the server would.</summary>
    private static string Signed(string token, byte[] position)
    {
        const int HeaderBytes = 17;
        var bytes = (byte[])[.. Base64Url.DecodeFromChars(token)[..HeaderBytes], .. position];
        var name = SHA256.HashData("rows"u8);
        var key = HMACSHA256.HashData(
            "a key for tests that nobody guesses"u8, (byte[])[.. name, .. bytes[..HeaderBytes]])[..SipHash.KeyBytes];
        var signature = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(signature, SipHash.Compute(key, bytes));
        return Base64Url.EncodeToString([.. bytes, .. signature]);
    }

    private static async Task<string[]> RowsAsync(LocalApi api, string path)
    {
        var (rows, end) = Frames(await api.Client.GetStringAsync(path).Within());
        Assert.Equal(rows.Length, (int)end["rows"]!);
        Assert.Null(end["continue"]);
        return rows;
    }

    /// <summary>Reads up to the first checkpoint, and cuts the connection.</summary>
    private static async Task<(string[] Rows, string? Token, bool Ended)> UntilCheckpointAsync(
        LocalApi api, string path)
    {
        using var response = await api.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await using var body = await response.Content.ReadAsStreamAsync();
        using var reader = new StreamReader(body);
        var rows = new List<string>();
        while (await reader.ReadLineAsync().WaitAsync(Bounded.Limit) is { } line)
        {
            if (line.StartsWith("{\"row\":", StringComparison.Ordinal))
                rows.Add(line[7..^1]);
            else if (line.StartsWith("{\"checkpoint\":", StringComparison.Ordinal))
                return ([.. rows], (string?)JsonNode.Parse(line)!["checkpoint"], false);
            else if (line.StartsWith("{\"end\":", StringComparison.Ordinal))
                return ([.. rows], null, true);
        }

        throw new IOException("The body ended without its end.");
    }

    private static async Task AssertRefusedAsync(
        LocalApi api, string resume, HttpStatusCode status, string type, string path = "/api/db-stream")
    {
        using var response = await api.GetAsync($"{path}?format=frames&resume={resume}");
        Assert.Equal(status, response.StatusCode);
        Assert.Equal("urn:chunkstream:" + type, (string?)(await response.ProblemAsync())["type"]);
    }
}
