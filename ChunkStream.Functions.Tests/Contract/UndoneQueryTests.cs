using System.Net;
using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;
using Npgsql;

namespace ChunkStream.Functions.Tests.Contract;

/// <summary>
/// Postgres ends a correct query because of a conflict, a limit or an administrator. The stream continues if that is
/// possible without a lost or doubled row; otherwise its error says that another try may succeed.
/// </summary>
[Collection(RealPostgres.Collection)]
public sealed class UndoneQueryTests(RealPostgres postgres) : IAsyncLifetime
{
    private const int Rows = 3000;
    private const int Gate = 1313;
    private const string Declared =
        "-- param: id text\n-- param: at integer\n-- param: state text\n-- param: times integer = 1\n";
    private const string Select =
        "select n, case when n = @at then undone.fail(@id, @state, @times) end as a from undone.rows order by n";
    private const string Waiting =
        "select n, case when n = 2000 then (select '' from pg_advisory_xact_lock_shared(1313 + n - n)) end as a "
        + "from undone.rows order by n";

    // A function that fails a given number of times. It counts in files, which no rollback undoes.
    private const string Schema =
        """
        drop schema if exists undone cascade; create schema undone; create table undone.rows (n int primary key);
        insert into undone.rows select generate_series(1, 3000); analyze undone.rows;
        create function undone.fail(id text, state text, times int) returns text volatile language plpgsql as $$
        declare file text;
        begin
          for time in 1..times loop
            file := current_setting('data_directory') || '/undone-' || id || '-' || time;
            if (pg_stat_file(file, true)).size is null then
              execute format('copy (select 1) to %L', file);
              raise exception 'a secret' using errcode = state;
            end if;
          end loop;
          return '';
        end $$
        """;

    public Task InitializeAsync() => postgres.ExecuteAsync(Schema);

    public Task DisposeAsync() => postgres.ExecuteAsync("drop schema undone cascade");

    [Fact]
    public async Task A_keyed_stream_goes_on_and_any_other_says_that_another_try_may_succeed()
    {
        await using var api = await ServingAsync();
        foreach (var state in new[] { "40001", "25P04", "55P03", "57014", "57P01", "53200" })
        {
            var type = state is "57014" ? "query-cancelled" : "unavailable";
            var (rows, error) = await ReadAsync(api, $"/api/queries/keyed?at=2000&state={state}&id={Guid.NewGuid()}");
            Assert.Equal((state, null), (state, (string?)error?["type"]));
            Assert.Equal(Enumerable.Range(1, Rows), rows);

            (rows, error) = await ReadAsync(api, $"/api/queries/plain?at=2000&state={state}&id={Guid.NewGuid()}");
            Assert.Equal(
                (state, "urn:chunkstream:" + type, 503), (state, (string?)error?["type"], (int?)error?["status"]));
            Assert.DoesNotContain("secret", error!.ToJsonString(), StringComparison.Ordinal);
            Assert.Equal(Enumerable.Range(1, rows.Length), rows);

            // These codes break the connection. If that happens before the first row, the connection may have been
            // broken in the pool already, so the server tries once more.
            foreach (var query in state is "57P01" or "53200" ? [] : new[] { "keyed", "plain" })
            {
                using var response = await api.GetAsync($"/api/queries/{query}?at=1&state={state}&id={Guid.NewGuid()}");
                if (state is "40001")
                {
                    Assert.Equal(Rows, (await response.Content.ReadAsStringAsync().Within()).Count(c => c == '\n'));
                    continue;
                }

                Assert.Equal((state, HttpStatusCode.ServiceUnavailable), (state, response.StatusCode));
                Assert.Equal("urn:chunkstream:" + type, (string?)(await response.ProblemAsync())["type"]);
                Assert.NotNull(response.Headers.RetryAfter?.Delta);
            }
        }
    }

    [Fact]
    public async Task A_stream_that_gets_no_further_gives_up_after_a_few_tries()
    {
        await using var api = await ServingAsync();
        var id = Guid.NewGuid();

        var (rows, error) = await ReadAsync(api, $"/api/queries/keyed?at=2000&state=40001&times=90&id={id}");

        Assert.Equal(503, (int?)error?["status"]);
        Assert.Equal(Enumerable.Range(1, rows.Length), rows);
        Assert.Equal(
            1L, await postgres.ScalarAsync<long>($"select count(*) from pg_ls_dir('.') f where f = 'undone-{id}-4'"));
        Assert.Equal(
            0L, await postgres.ScalarAsync<long>($"select count(*) from pg_ls_dir('.') f where f = 'undone-{id}-30'"));
    }

    [Fact]
    public async Task A_query_that_lasts_longer_than_a_transaction_may_comes_whole_along_its_key()
    {
        if (await postgres.ScalarAsync<int>("select current_setting('server_version_num')::int") < 170000)
            return;

        var files = new QueryFiles()
            .With("rows", "-- key: n\nselect n, pg_sleep(0.02)::text as a from undone.rows where n <= 75 order by n");
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString + ";Options=-c transaction_timeout=500", files);

        var (rows, error) = await ReadAsync(api, "/api/db-stream");

        Assert.Null(error?.ToJsonString());
        Assert.Equal(Enumerable.Range(1, 75), rows);
    }

    [Theory]
    [InlineData("pg_cancel_backend", "query-cancelled")]
    [InlineData("pg_terminate_backend", "unavailable")]
    public async Task An_administrator_who_ends_a_query_ends_no_stream_that_has_a_key(string ends, string type)
    {
        await using var api = await ServingAsync();
        await using var gate = new NpgsqlConnection(postgres.ConnectionString + ";Pooling=false");
        await gate.OpenAsync().Within();
        string[] queries = ends is "pg_cancel_backend"
            ? ["keyed-waiting", "plain-waiting", "first-waiting"]
            : ["keyed-waiting", "plain-waiting"];
        foreach (var query in queries)
        {
            await GateAsync("pg_advisory_lock");
            var reading = query is "first-waiting" ? RefusedAsync() : ReadAsync(api, $"/api/queries/{query}");
            await Bounded.Until(
                () => postgres.ScalarAsync<bool>($"select count({ends}(pid)) > 0 from pg_stat_activity "
                    + "where wait_event = 'advisory' and application_name = 'ChunkStream'"),
                "the query waits");
            await GateAsync("pg_advisory_unlock");

            var (rows, error) = await reading;
            Assert.Equal(
                (query, query is "keyed-waiting" ? null : "urn:chunkstream:" + type), (query, (string?)error?["type"]));
            Assert.Equal(Enumerable.Range(1, query is "keyed-waiting" ? Rows : rows.Length), rows);
        }

        async Task<(int[] Rows, JsonNode? Error)> RefusedAsync()
        {
            using var response = await api.GetAsync("/api/queries/first-waiting");
            Assert.NotNull(response.Headers.RetryAfter?.Delta);
            return ([], await response.ProblemAsync());
        }

        async Task GateAsync(string does)
        {
            await using var command = new NpgsqlCommand($"select {does}({Gate})::text", gate);
            await command.ExecuteNonQueryAsync().Within();
        }
    }

    [Fact]
    public async Task A_query_that_is_cancelled_while_it_waits_for_its_table_says_so()
    {
        await using var api = await ServingAsync();
        await using var migration = new NpgsqlConnection(postgres.ConnectionString + ";Pooling=false");
        await migration.OpenAsync().Within();
        await using var transaction = await migration.BeginTransactionAsync();
        await using var locking = new NpgsqlCommand(
            "lock table undone.rows in access exclusive mode", migration, transaction);
        await locking.ExecuteNonQueryAsync().Within();

        // The check of the query files may wait for the table as well, and be cancelled first.
        var asking = api.GetAsync("/api/queries/plain-waiting");
        await Bounded.Until(
            async () =>
            {
                await postgres.ScalarAsync<long>("select count(pg_cancel_backend(pid)) from pg_stat_activity "
                    + "where wait_event = 'relation' and application_name = 'ChunkStream'");
                return asking.IsCompleted;
            },
            "the query is cancelled");

        using var response = await asking;
        Assert.Equal("urn:chunkstream:query-cancelled", (string?)(await response.ProblemAsync())["type"]);
        await transaction.RollbackAsync().Within();
    }

    [Fact]
    public async Task The_client_goes_on_after_an_error_with_the_status_503()
    {
        // The server never retries a failure that is raised for the client, so the client sees the first one.
        await using var api = await ServingAsync();
        await using var node = RunningProgram.JavaScript(
            api.Client.BaseAddress!,
            $$"""
            let count = 0;
            const rows = stream(`${api}/queries/shown?at=2000&state=PT503&id={{Guid.NewGuid()}}`, { backoffMs: 5 });
            for await (const row of rows) if (row.n !== ++count) throw new Error(`${row.n} after ${count}`);
            console.log(count, rows.progress.rejoins > 0);
            """);

        Assert.Equal([$"{Rows} true"], await node.LinesAsync());
    }

    private Task<LocalApi> ServingAsync() => LocalApi.ServingAsync(
        postgres.ConnectionString,
        new QueryFiles()
            .With("keyed", Declared + "-- key: n\n" + Select)
            .With("plain", Declared + Select)
            .With("shown", Declared + "-- key: n\n-- errors: shown\n" + Select)
            .With("keyed-waiting", "-- key: n\n-- timeout: 1h\n" + Waiting)
            .With("plain-waiting", "-- timeout: 1h\n" + Waiting)
            .With("first-waiting", "-- timeout: 1h\nselect '' as a from pg_advisory_xact_lock_shared(1313)"));

    /// <summary>The rows of a stream of frames, and the error that ended it, or null if it is complete.</summary>
    private static async Task<(int[] Rows, JsonNode? Error)> ReadAsync(LocalApi api, string path)
    {
        using var response = await api.GetAsync(
            path + (path.Contains('?', StringComparison.Ordinal) ? "&" : "?") + "format=frames");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await using var body = await response.Content.ReadAsStreamAsync();
        var text = "";
        try
        {
            while (await body.ReadSomeAsync() is { Length: > 0 } more)
                text += more;
        }
        catch (IOException)
        {
            Assert.Contains("{\"error\":", text, StringComparison.Ordinal);
        }

        var frames = text.Split('\n')[..^1].Select(line => JsonNode.Parse(line)!).ToArray();
        Assert.NotNull(frames[^1]["end"] ?? frames[^1]["error"]);
        var rows = frames.Where(frame => frame["row"] is not null).Select(frame => (int)frame["row"]!["n"]!);
        return ([.. rows], frames[^1]["error"]);
    }
}
