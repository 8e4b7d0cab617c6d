using System.Globalization;
using System.Text.RegularExpressions;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;

namespace ChunkStream.Functions.Tests.Clients;

/// <summary>The npm package <c>chunkstream-client</c>, in Node, against the real server and a real Postgres.</summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed partial class JavaScriptClientTests(RealPostgres postgres) : IAsyncLifetime
{
    private const int Many = 200_000;
    private const string Rows =
        "select n as id, 'näme \"' || n || E'\"\\n\\t🐘' as name, n % 7 = 0 as even "
        + "from read_by_clients where n <= 20000 order by n";

    private const string Uncompressed = "headers: { 'Accept-Encoding': 'identity' }";

    private const string PrintEachRow =
        """
        const rows = stream(`${api}/db-stream`, { backoffMs: 5 });
        let text = '';
        for await (const batch of rows.batches()) text += batch.map((row) => `${JSON.stringify(row)}\n`).join('');
        process.stdout.write(`${rows.progress.rejoins}\n`);
        await new Promise((resolve) => process.stdout.write(text, resolve));
        """;

    // A table with an index in the key's order: sorting would first run all of a slow query.
    public Task InitializeAsync() => postgres.ExecuteAsync(
        $"create table if not exists read_by_clients as select n from generate_series(1, {Many}) n; "
        + "create unique index if not exists read_by_clients_n on read_by_clients (n); analyze read_by_clients");

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Rows_over_connections_that_are_cut_join_to_the_whole()
    {
        await using var api = await LocalApi.ServingAsync(postgres.ConnectionString, $"-- key: id\n{Rows}");
        await using var proxy = new CuttingProxy(api.Client.BaseAddress!)
        {
            CutAfter = 20_001,
            CutDelay = TimeSpan.FromSeconds(0.3),
        };

        await using var node = RunningProgram.JavaScript(proxy.Address, PrintEachRow);
        var lines = await node.LinesAsync();

        Assert.InRange(int.Parse(lines[0], CultureInfo.InvariantCulture), 3, 100);
        Assert.Equal(await postgres.OracleAsync(Rows), lines[1..]);
    }

    [Fact]
    public async Task Rows_over_segments_that_a_deadline_parts_join_to_the_whole()
    {
        // It is the reader that makes it last: a slow query would be slow again before each position.
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString,
            "-- key: n\nselect n, repeat('x', 400) as filler from read_by_clients order by n",
            ("ChunkStream:Streaming:MaxDurationSeconds", "2"));

        // A deadline before the first row would be a refusal, and the first stream of a process takes longer to begin.
        await api.Client.GetStringAsync("/api/db-stream?limit=1").Within();

        await using var node = RunningProgram.JavaScript(api.Client.BaseAddress!,
            """
            let count = 0;
            const rows = stream(`${api}/db-stream`, { backoffMs: 5, headers: { 'Accept-Encoding': 'identity' } });
            for await (const batch of rows.batches()) {
              for (const row of batch) if (row.n !== ++count) throw new Error(`${row.n} after ${count}`);
              await new Promise((resolve) => setTimeout(resolve, 4));
            }
            console.log(count, rows.progress.rejoins > 1);
            """);

        Assert.Equal([$"{Many} true"], await node.LinesAsync());
        await api.Log.FindAsync(
            entry => entry.Message.Contains("Continued", StringComparison.Ordinal)
                || entry.Message.Contains("DeadlineReached", StringComparison.Ordinal),
            "a stream was parted");
    }

    [Fact]
    public async Task Without_a_key_a_cut_is_an_error_and_no_end()
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString, "select n as id, repeat('x', 400) as filler from read_by_clients order by n");
        await using var proxy = new CuttingProxy(api.Client.BaseAddress!) { CutAfter = 10_000_000 };

        const string Check = "if (row.id !== ++rows) throw new Error('out of order');";
        await using var node = RunningProgram.JavaScript(proxy.Address,
            $$"""
            let rows = 0;
            try {
              for await (const row of stream(`${api}/db-stream`, { backoffMs: 5, {{Uncompressed}} })) {{Check}}
              console.log('complete');
            } catch (error) {
              console.log(error.name, rows > 1000, error.checkpoint);
            }
            """);

        Assert.Equal(["StreamError true null"], await node.LinesAsync());
        await api.Log.StreamEndedAsync();
        Assert.Equal(1, api.Log.Entries.Count(entry => entry.Event.Name == "StreamEnded"));
    }

    [Fact]
    public async Task A_reader_that_pauses_makes_the_server_wait_and_holds_no_connection()
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString,
            $"-- key: n\nselect n, repeat('x', 400) as filler from read_by_clients order by n",
            ("ChunkStream:Postgres:StallSeconds", "0.3"));
        await using var node = RunningProgram.JavaScript(api.Client.BaseAddress!,
            $$"""
            let count = 0;
            for await (const batch of stream(`${api}/db-stream`, { {{Uncompressed}} }).batches()) {
              for (const row of batch) if (row.n !== ++count) throw new Error(`${row.n} after ${count}`);
              if (count === batch.length) {
                console.log('paused');
                await line();
              }
            }
            console.log(count);
            """);
        Assert.Equal("paused", await node.ReadLineAsync());

        await postgres.AssertNothingRunsAsync();
        await Task.Delay(TimeSpan.FromSeconds(1));
        Assert.DoesNotContain(api.Log.Entries, entry => entry.Event.Name == "StreamEnded");
        await node.GoOnAsync();

        Assert.Equal([$"{Many}"], await node.LinesAsync());
        var ended = (await api.Log.StreamEndedAsync()).Message;
        Assert.Contains($"Completed as frames, {Many} records", ended, StringComparison.Ordinal);
        Assert.InRange(
            int.Parse(WaitingForTheReader().Match(ended).Groups[1].Value, CultureInfo.InvariantCulture), 1000, 60_000);
    }

    [Theory]
    [InlineData("for await (const row of rows) break;")]
    [InlineData("const first = await rows[Symbol.asyncIterator]().next(); leaving.abort();")]
    public async Task Who_leaves_ends_the_query(string leave)
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString,
            "-- key: n\nselect n, pg_sleep(0.01)::text as slept from read_by_clients order by n");
        await using var node = RunningProgram.JavaScript(api.Client.BaseAddress!,
            $$"""
            const leaving = new AbortController();
            const rows = stream(`${api}/db-stream`, { signal: leaving.signal });
            {{leave}}
            console.log('left');
            await line();
            """);
        Assert.Equal("left", await node.ReadLineAsync());

        await postgres.AssertNothingRunsAsync();
        Assert.Contains("ClientLeft", (await api.Log.StreamEndedAsync()).Message, StringComparison.Ordinal);
        await node.GoOnAsync();
        Assert.Empty(await node.LinesAsync());
    }

    [Fact]
    public async Task A_refusal_says_what_the_server_says_and_exact_numbers_are_strings()
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString, "-- key: id\nselect 9007199254740993 as id, 1.10 as amount");
        const string Told = "error.status, error.problem.type, error.problem.errors[0].parameter";
        await using var node = RunningProgram.JavaScript(api.Client.BaseAddress!,
            $$"""
            for await (const row of stream(`${api}/db-stream`, { numbers: 'exact' })) console.log(JSON.stringify(row));
            await stream(`${api}/db-stream?wrong=1`).schema.catch((error) => console.log({{Told}}));
            """);

        Assert.Equal(
            ["""{"id":"9007199254740993","amount":"1.10"}""", "400 urn:chunkstream:invalid-parameters wrong"],
            await node.LinesAsync());
    }

    [Fact]
    public async Task Parameters_that_are_too_long_for_an_address_are_those_of_each_request()
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString,
            new QueryFiles().With(
                "wanted",
                "-- key: n\n-- param: wanted int[]\nselect n from read_by_clients where n = any(@wanted) order by n"),
            ("ChunkStream:Streaming:FlushBytes", "4096"));
        await using var proxy = new CuttingProxy(api.Client.BaseAddress!) { CutAfter = 20_000 };
        await using var node = RunningProgram.JavaScript(proxy.Address,
            $$"""
            const wanted = Array.from({ length: 3000 }, (_, index) => 7 * index + 1);
            const url = new URL(`${api}/queries/wanted`);
            url.searchParams.set('wanted', `{${wanted.join()} }`);
            const rows = stream(url, { backoffMs: 5, {{Uncompressed}} });
            const seen = [];
            for await (const { n } of rows) seen.push(n);
            console.log(`${seen}` === `${wanted}`, rows.progress.rejoins > 1);
            """);

        Assert.Equal(["true true"], await node.LinesAsync());
    }

    [Fact]
    public async Task Every_stream_of_the_server_can_be_read()
    {
        await using var api = await LocalApi.StartAsync();
        const string Messages = "messages?count=1&intervalMs=0";
        await using var node = RunningProgram.JavaScript(api.Client.BaseAddress!,
            $$"""
            for await (const chunk of stream(`${api}/lines?count=2&intervalMs=300`)) console.log(chunk);
            for await (const message of stream(`${api}/{{Messages}}`, { format: 'ndjson' })) console.log(message.text);
            """);

        Assert.Equal(["Line 0", "Line 1", "Message 0"], await node.LinesAsync());
    }

    [GeneratedRegex("([0-9]+) ms waiting for the reader")]
    private static partial Regex WaitingForTheReader();
}
