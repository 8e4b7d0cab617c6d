using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres.Shapes;

/// <summary>
/// The clients that people have, unmodified from npm: <c>@electric-sql/client</c> by long-poll and by server-sent
/// events, its React hook in a DOM, and a collection of TanStack DB.
/// </summary>
[Collection(RealPostgres.Collection)]
public sealed class ShapeClientTests(RealPostgres postgres) : IAsyncLifetime
{
    private static readonly string[] Everyone = ["poll", "sse", "react", "tanstack"];

    private const string Query =
        """
        -- access: anonymous
        -- key: id
        -- live
        -- param: team int
        select id, big, title, price, done, tags, extra, at, kind from shape_items where team = @team
        """;

    private readonly Dictionary<string, string> _rows = [];

    public Task InitializeAsync() => postgres.ExecuteAsync(
        """
        drop table if exists shape_items;
        drop type if exists shape_kind;
        create type shape_kind as enum ('plain', 'odd "one"');
        create table shape_items (
            id int primary key, team int default 1, big bigint, title text, price numeric, done bool, tags bigint[],
            extra jsonb, at timestamptz, kind shape_kind default 'plain');
        insert into shape_items
            select n, 1 + n % 2, 9007199254740993 + n, 'ä "' || n || '" \ ' || chr(10), n / 3.0, n % 3 = 0,
                array[9007199254740993, null], '{"a": [1, "x"]}', '2026-01-01 00:00:00.5+00'
            from generate_series(1, 6) n;
        insert into shape_items values (8, 1);
        """);

    public Task DisposeAsync() => postgres.ExecuteAsync("drop table shape_items; drop type shape_kind");

    [Fact]
    public async Task Each_client_has_the_rows_and_each_change_of_them_and_goes_on_on_another_instance()
    {
        var folder = await NodeProject.InstalledAsync("ChunkStream.Functions.Tests", "Postgres", "Shapes", "Clients");
        await using var api = await StartAsync();
        await using var clients = RunningProgram.Start(
            "node", ["follow.mjs"], folder,
            ("SHAPE_URL", $"{api.Origin}/api/public/shapes/items"), ("NODE_ENV", "production"));
        await UntilAllHaveAsync(clients, Everyone);

        // A row is new, one changes, one moves out of the result, one into it, one changes its key, and one goes.
        var txid = await ChangeAsync(
            """
            insert into shape_items values (10, 1, -9223372036854775808, '', 'NaN', true, '{}', 'null', 'infinity');
            update shape_items set title = 'other', kind = 'odd "one"' where id = 2;
            update shape_items set team = 3 - team where id in (3, 4);
            update shape_items set id = 60 where id = 6;
            delete from shape_items where id = 8;
            select (pg_current_xact_id()::xid)::text
            """);
        await clients.GoOnAsync($$"""{"txid":{{txid}}}""");
        Assert.True((bool)(await UntilAsync(clients, "txid"))["seen"]!);
        await UntilAllHaveAsync(clients, Everyone);

        // What was truncated is told by no change: all have to begin anew.
        await ChangeAsync("truncate shape_items; insert into shape_items select n from generate_series(1, 3) n");
        await UntilAllHaveAsync(clients, Everyone);
        await ChangeAsync("update shape_items set title = 'again' where id = 2; delete from shape_items where id = 1");
        await UntilAllHaveAsync(clients, Everyone);

        await clients.GoOnAsync("""{"stop":1}""");
        var stopped = await UntilAsync(clients, "stopped");
        await ChangeAsync("insert into shape_items values (4); delete from shape_items where id = 3");
        await using var other = await StartAsync();
        stopped["url"] = $"{other.Origin}/api/public/shapes/items";
        await clients.GoOnAsync(new JsonObject { ["resume"] = stopped.DeepClone() }.ToJsonString());
        var resumed = (await UntilAsync(clients, "resumed"))["messages"]!.AsArray()
            .Select(message => message!.ToJsonString()).Order();
        Assert.Equal(["""["delete",3]""", """["insert",4]"""], resumed);
        await UntilAllHaveAsync(clients, ["sse", "react", "tanstack"]);

        await clients.GoOnAsync("""{"refused":{"table":"shape_items","where":"id > 1","params":{"team":"1"}}}""");
        var refused = await UntilAsync(clients, "refused");
        Assert.Equal(400, (int)refused["status"]!);
        Assert.Contains("'table' must be left out", (string)refused["detail"]!, StringComparison.Ordinal);
        Assert.Contains("'where' must be left out", (string)refused["detail"]!, StringComparison.Ordinal);
    }

    private Task<LocalApi> StartAsync()
        => LocalApi.ServingAsync(postgres.ConnectionString, new QueryFiles().With("items", Query));

    private async Task<string?> ChangeAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(postgres.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var command = new NpgsqlCommand(sql, connection, transaction);
        var value = await command.ExecuteScalarAsync().Within();
        await transaction.CommitAsync();
        return value as string;
    }

    private async Task UntilAllHaveAsync(RunningProgram clients, string[] who)
    {
        var rows = await postgres.OracleAsync(
            """
            select id, big::text, title, price::text, done, tags::text[], extra,
                case when isfinite(at) then floor(1000 * extract(epoch from at))::bigint end as at, kind
            from shape_items where team = 1 order by id
            """);
        var expected = new JsonArray([.. rows.Select(row => JsonNode.Parse(row))]).ToJsonString();
        while (who.Any(name => _rows.GetValueOrDefault(name) != expected))
            await NextAsync(clients, expected);
    }

    private async Task<JsonNode> UntilAsync(RunningProgram clients, string who)
    {
        while (true)
        {
            var said = await NextAsync(clients, who);
            if ((string)said["who"]! == who)
                return said;
        }
    }

    private async Task<JsonNode> NextAsync(RunningProgram clients, string awaited)
    {
        JsonNode said;
        try
        {
            said = JsonNode.Parse(await clients.ReadLineAsync())!;
        }
        catch (TimeoutException)
        {
            var all = string.Join('\n', _rows.Select(client => $"{client.Key}: {client.Value}"));
            throw new TimeoutException($"Awaited is\n{awaited}\nand there is\n{all}");
        }

        if (said["rows"] is { } rows)
            _rows[(string)said["who"]!] = rows.ToJsonString();
        return said;
    }
}
