using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;
using Npgsql;

namespace ChunkStream.Functions.Tests.Clients;

/// <summary>
/// What <c>chunkstream-client</c> keeps of a live query, in Node, against two instances and a real Postgres: while
/// others write, connections are cut, and one of the instances is killed.
/// </summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class LiveCollectionTests(RealPostgres postgres) : IAsyncLifetime
{
    private const string ResumeKey = "a key for tests that nobody guesses";
    private const int Accounts = 30;
    private const int Writers = 3;
    private const int Transactions = 60;

    // JavaScript takes two of these numbers for one.
    private const long First = 9_007_199_254_740_992;
    private const string Rows = "select bank, id, id::text as name, balance from live_accounts";

    // Given in a list that is too long for an address, and so in the body of a POST.
    private readonly QueryFiles _files = new QueryFiles().With(
        "accounts", $"-- key: bank, id\n-- live\n-- param: banks text[]\n{Rows} where bank = any(@banks)");

    public Task InitializeAsync() => postgres.ExecuteAsync(
        $"""
        drop table if exists live_accounts;
        create table live_accounts (bank text, id bigint, balance int, primary key (bank, id));
        insert into live_accounts
          select case n % 2 when 0 then 'a,"b' else 'a' end, {First} + n, 100 from generate_series(1, {Accounts}) n;
        """);

    public async Task DisposeAsync()
    {
        _files.Dispose();
        await postgres.ExecuteAsync("drop table live_accounts");
    }

    [Fact]
    public async Task It_never_shows_a_part_of_a_transaction_and_ends_with_the_querys_result()
    {
        await using var stays = await LocalApi.StartAsync(
            postgres.ConnectionString, settings: [_files.Setting, ("ChunkStream:ResumeKey", ResumeKey)]);
        using var killed = new LocalHostProcess(
            postgres.ConnectionString,
            ("ChunkStream__ResumeKey", ResumeKey), ("ChunkStream__QueriesPath", _files.Folder));
        await killed.StartAsync();
        await using var line = new CuttableLine(stays.Client.BaseAddress!);
        await using var node = RunningProgram.JavaScript(killed.Address,
            $$"""
            const origins = ['{{killed.Address}}', '{{line.Address}}'];
            let requests = 0;
            const either = (url, init) => fetch(String(url).replace(origins[0], origins[requests++ % 2]), init);
            const total = {{Accounts * 100}};
            let steps = 0;
            const banks = ['a', '"a,\\"b"', 'b0', 'b1', 'last', ...Array.from({ length: 1000 }, (_, n) => `none${n}`)];
            const url = new URL(`${api}/queries/accounts`);
            url.searchParams.set('banks', `{${banks.join()} }`);
            const read = async () => {
              const accounts = collection(url, { backoffMs: 10, fetch: either });
              const last = new Promise((resolve, reject) => accounts.subscribe((changes) => {
                if (accounts.error) reject(accounts.error);
                const sum = accounts.rows.reduce((sum, { balance }) => sum + balance, 0);
                if (changes.length > 0 && sum !== total) reject(new Error(`${sum} instead of ${total}`));
                if (changes.length > 0) steps++;
                if (accounts.has({ bank: 'last', id: 0 })) resolve();
              }));
              await accounts.ready;
              console.log('ready');
              await last;
              return accounts.rows.map((row) => JSON.stringify(row)).sort();
            };
            const all = await Promise.all([read(), read()]);
            console.log(steps, requests);
            for (const rows of all) console.log(rows.join('\n'));
            """);
        Assert.Equal("ready", await node.ReadLineAsync());
        Assert.Equal("ready", await node.ReadLineAsync());

        var written = Task.WhenAll(Enumerable.Range(0, Writers).Select(seed => WriteAsync(new Random(seed))));
        var cuts = 0;
        for (; !written.IsCompleted || cuts < 2; cuts++)
        {
            await Task.WhenAny(written, Task.Delay(150));
            line.Cut();
            if (cuts == 1)
                killed.Kill();
        }

        await written;
        await postgres.ExecuteAsync("insert into live_accounts values ('last', 0, 0)");

        var said = await node.LinesAsync();
        var expected = (await postgres.OracleAsync($"{Rows} order by 1, 2"))
            .Select(row => System.Text.Json.Nodes.JsonNode.Parse(row)!)
            .Select(row => $"{row["bank"]} {row["name"]} {row["balance"]}").Order(StringComparer.Ordinal).ToArray();
        Assert.Equal([.. expected, .. expected], said[1..].Select(Short));
    }

    private static string Short(string row)
    {
        var parsed = System.Text.Json.Nodes.JsonNode.Parse(row)!;
        return $"{parsed["bank"]} {parsed["name"]} {parsed["balance"]}";
    }

    // Money that goes from one account to another, accounts that are opened with it, closed, and named anew.
    private async Task WriteAsync(Random random)
    {
        await using var connection = new NpgsqlConnection(postgres.ConnectionString + ";Application Name=tests");
        await connection.OpenAsync();
        for (var transaction = 0; transaction < Transactions; transaction++)
        {
            var (bank, id, amount) = (random.Next(2), First + random.Next(1, 2 * Accounts), random.Next(1, 50));
            var one = "(select ctid from live_accounts where bank <> 'last' order by random() limit 1)";
            var sql = random.Next(3) switch
            {
                0 => $"with t as (update live_accounts set balance = balance - {amount} where ctid = {one} "
                    + $"returning 1) insert into live_accounts select 'a', {id}, {amount} from t "
                    + "on conflict (bank, id) do update set balance = live_accounts.balance + excluded.balance",
                1 => $"update live_accounts set bank = 'b{bank}' where ctid = {one}",
                _ => $"update live_accounts set id = {id} where ctid = {one}",
            };
            await using var command = new NpgsqlCommand(sql, connection);
            try
            {
                await command.ExecuteNonQueryAsync();
            }
            catch (PostgresException)
            {
                // The key is another account's, or somebody writes to the same two.
            }

            await Task.Delay(random.Next(15));
        }
    }
}
