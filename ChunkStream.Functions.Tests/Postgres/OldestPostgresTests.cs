using System.Text.RegularExpressions;
using ChunkStream.Functions.Tests.DurableStreams;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Postgres;

/// <summary>
/// The main features work on the oldest supported Postgres. The whole suite runs on it if
/// <see cref="PostgresVersions.Variable"/> says so.
/// </summary>
public sealed class OldestPostgresTests(OldestPostgresTests.OldestPostgres oldest)
    : IClassFixture<OldestPostgresTests.OldestPostgres>
{
    private readonly RealPostgres _postgres = oldest.Server;

    [Fact]
    public async Task It_is_PostgreSQL_15() => Assert.Equal(15, await _postgres.MajorAsync());

    [Fact]
    public async Task A_keyed_query_is_streamed_and_resumed()
    {
        const string sql = "select n / 3 as third, n, repeat('x', n) as text from generate_series(1, 20) n";
        const string key = "third desc, n";
        await using var keyed = new KeyedReading(_postgres.ConnectionString);

        var all = await keyed.FromAsync(sql, key);
        Assert.Equal(20, all.Length);
        for (var row = 0; row < all.Length; row++)
            Assert.Equal(
                all[(row + 1)..].Select(read => read.Row),
                (await keyed.FromAsync(sql, key, all[row].Token)).Select(read => read.Row));
        Assert.Equal(all.Select(read => read.Row), await keyed.PausingAsync(sql, key));
    }

    [Fact]
    public async Task Values_are_what_row_to_json_gives()
    {
        const string sql =
            "select n, n::int8 * 1000000000000 as i8, n / 3.0 as num, n / 3::float8 as f8, 'NaN'::float4 as f4, "
            + "n % 2 = 0 as b, 'a\"\\é' || n as t,\n"
            + "    timestamptz '2020-02-29 12:00:00.5+02' as ts, date '1999-12-31' as d, "
            + "interval '1 year 2 days 03:04:05.6' as i,\n"
            + "    '{\"a\": [1, 2.50]}'::jsonb as jb, '{\"a\":  1}'::json as j, '\\xc0ffee'::bytea as by, "
            + "array[[1, null], [3, 4]] as a, (1, 'x') as r,\n"
            + "    '[2020-01-01,2020-02-01)'::daterange as dr, '{[1,3),[5,7)}'::int4multirange as mr, "
            + "'10.0.0.0/8'::inet as net,\n"
            + "    '00000000-0000-0000-0000-000000000001'::uuid as u, point '(1,2)' as p, null::text as nothing\n"
            + "from generate_series(1, 3) n";

        Assert.Equal(await _postgres.OracleAsync(sql), await _postgres.StreamedAsync(sql));
    }

    [Fact]
    public async Task Streams_are_installed_appended_to_and_followed_and_changes_of_a_table_are_published()
    {
        await using var host = StoreHost.Start(_postgres.ConnectionString);
        var path = StoreHost.NewPath();
        await host.CreateAsync(path);
        var stream = (await host.ReadAsync(path)).Stream!;
        using var reader = host.Live.Follow(stream, 0);
        var next = reader.NextAsync(default);
        await host.AppendAsync(path, "one");
        Assert.Equal("one", StoreHost.Text((await next.Within())!.Data));

        await _postgres.ExecuteAsync("create table orders (id int primary key, n text)");
        await _postgres.ExecuteAsync("select chunkstream.publish_changes('orders', 'changes')");
        await _postgres.ExecuteAsync("insert into orders values (1, 'a')");
        await _postgres.ExecuteAsync("update orders set n = 'b'");
        await _postgres.ExecuteAsync("delete from orders");
        var changes = await host.ReadAllAsync("changes");
        Assert.Equal(["insert", "update", "delete"], OperationsOf(changes));
    }

    private static IEnumerable<string> OperationsOf(string messages)
        => Regex.Matches(messages, "\"operation\":\"([a-z]+)\"").Select(match => match.Groups[1].Value);

    /// <summary>A server of that version, for this class.</summary>
    public sealed class OldestPostgres : IAsyncLifetime
    {
        internal RealPostgres Server { get; } = new(PostgresVersions.Oldest);

        public Task InitializeAsync() => Server.InitializeAsync();

        public Task DisposeAsync() => Server.DisposeAsync();
    }
}
