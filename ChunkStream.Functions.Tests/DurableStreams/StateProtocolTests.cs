using System.Globalization;
using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;
using Npgsql;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>
/// A published table, as the state extension's own reader (npm <c>@durable-streams/state</c>) and its schema read it.
/// </summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class StateProtocolTests(RealPostgres postgres)
{
    [Theory]
    [InlineData("delete")]
    [InlineData("reset")]
    public async Task A_published_table_is_a_live_collection_of_StreamDB(string onTruncate)
    {
        var folder = await NodeProject.InstalledAsync("ChunkStream.Functions.Tests", "DurableStreams", "State");
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var path = DurableCalls.NewPath();
        (await api.PutAsync(path, "application/json")).Dispose();
        var table = "state_" + Guid.NewGuid().ToString("N");
        await postgres.ExecuteAsync(
            $"""
            create table {table} (id int primary key, name text, price numeric, tags text[],
            """
            + $"""
             at timestamptz default now());
            insert into {table} select i, 'row ' || i, i / 3.0 from generate_series(1, 5) i;
            """);
        await postgres.ExecuteAsync(
            $"select chunkstream.publish_changes('{table}', '{path}', type => 'thing', snapshot => true, "
            + $"on_truncate => '{onTruncate}')");
        await postgres.ExecuteAsync(
            $"insert into {table} values (6, null, 'NaN', array['a', 'b\"\\']), (7, '', 0, '{{}}')");
        await postgres.ExecuteAsync($"update {table} set name = name || '!', id = case id when 3 then 30 else id end");
        await postgres.ExecuteAsync(
            $"truncate {table}; insert into {table} select i, 'again ' || i from generate_series(1, 2000) i");

        await using var connection = new NpgsqlConnection(postgres.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var change = new NpgsqlCommand(
            $"delete from {table} where id % 2 = 0; update {table} set name = 'last' where id = 1; "
            + "select pg_current_xact_id()::text",
            connection,
            transaction);
        var txid = (string)(await change.ExecuteScalarAsync().Within())!;

        await using var follower = RunningProgram.Start(
            "node", ["follow.mjs"], folder, ("STREAM_URL", $"{api.Origin}/api/streams/{path}"), ("TXID", txid),
            ("TYPE", "thing"));
        Assert.Equal("ready", await follower.ReadLineAsync());
        await transaction.CommitAsync();
        var seen = JsonNode.Parse(await follower.ReadLineAsync())!;

        Assert.Equal("[]", seen["invalid"]!.ToJsonString());
        var expected = (await postgres.OracleAsync($"select * from {table} order by id"))
            .Select(row => JsonNode.Parse(row)!.ToJsonString()).ToArray();
        Assert.Equal(1000, expected.Length);
        var state = seen["state"]!.AsObject()
            .OrderBy(row => int.Parse(row.Key, CultureInfo.InvariantCulture)).ToArray();
        Assert.Equal(expected, state.Select(row => row.Value!.ToJsonString()));
        Assert.Equal(expected.Length, seen["rows"]!.AsArray().Count);
        Assert.Contains(seen["rows"]!.AsArray(), row => (string?)row!["name"] == "last");
        var controls = seen["messages"]!.AsArray().Select(message => (string?)message!["headers"]!["control"]);
        Assert.Equal(3, controls.OfType<string>().Count() + (onTruncate == "reset" ? 0 : 1));
        await postgres.ExecuteAsync($"drop table {table} cascade; drop function {table[..12]}_to_stream");
    }
}
