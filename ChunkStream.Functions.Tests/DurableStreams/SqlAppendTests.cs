using System.Data;
using System.Diagnostics;
using System.Globalization;
using ChunkStream.DurableStreams.Live;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Functions.Tests.Support;
using Npgsql;
using static ChunkStream.Functions.Tests.DurableStreams.StoreHost;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary><c>chunkstream.append</c> in an application's own transactions.</summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class SqlAppendTests(RealPostgres postgres) : IAsyncLifetime
{
    private readonly StoreHost _host = StoreHost.Start(postgres.ConnectionString);
    private readonly NpgsqlDataSource _sql = NpgsqlDataSource.Create(
        postgres.ConnectionString + ";Maximum Pool Size=40");

    // The first call creates the schema.
    public Task InitializeAsync() => _host.Store.HeadAsync("none", default).Within();

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        await _sql.DisposeAsync();
    }

    [Fact]
    public async Task What_is_appended_appears_at_the_commit()
    {
        var path = await NewAsync(Json);
        await using var connection = await _sql.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await AppendAsync(connection, path, "1");
        await AppendAsync(connection, path, "[2,3]");
        Assert.Equal("", await _host.ReadAllAsync(path));

        // The open transaction does not keep others from appending.
        await _host.AppendJsonAsync(path, "0");
        await transaction.CommitAsync();

        Assert.Equal("0,1,[2,3]", await _host.ReadAllAsync(path));
        Assert.Equal(3, (await _host.ReadAsync(path)).Stream!.Tail);
        Assert.Equal(0, await postgres.ScalarAsync<long>("select count(*) from chunkstream.outbox"));
    }

    [Fact]
    public async Task Nothing_appears_of_what_is_rolled_back()
    {
        var path = await NewAsync(Json);
        await using var connection = await _sql.OpenConnectionAsync();
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await AppendAsync(connection, path, "1");
            await transaction.RollbackAsync();
        }

        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await transaction.SaveAsync("a");
            await AppendAsync(connection, path, "\"not this\"");
            await transaction.RollbackAsync("a");
            await AppendAsync(connection, path, "2");
            await transaction.SaveAsync("b");
            await AppendAsync(connection, path, "\"nor this\"");
            await transaction.RollbackAsync("b");
            await AppendAsync(connection, path, "3");
            await transaction.CommitAsync();
        }

        Assert.Equal("2,3", await _host.ReadAllAsync(path));
    }

    [Fact]
    public async Task Payloads_keep_their_bytes()
    {
        var (json, text, bytes) = (await NewAsync(Json), await NewAsync(), await NewAsync("application/octet-stream"));

        await using var command = _sql.CreateCommand(
            """
            select chunkstream.append($1, '{"b": 1.10, "a": 12345678901234567890123, "ä": "\u0041"}'::jsonb),
                chunkstream.append($1, '{"b":1.10,  "a":1e400, "b":"\u0041"}'::json),
                chunkstream.append($1, ' [1.0e0] '), chunkstream.append($1, row_to_json(r)),
            """
            + """
             chunkstream.append($1, 'null'::jsonb),
                chunkstream.append($2, 'é'), chunkstream.append($2, E'\\x41\n'::text),
            """
            + """
             chunkstream.append($2, '\x4142'::bytea),
                chunkstream.append($3, '\x00ff00'::bytea)
            from (select 0.10 as n) r
            """);
        foreach (var path in new[] { json, text, bytes })
            command.Parameters.Add(new() { Value = path });
        await command.ExecuteNonQueryAsync().Within();

        Assert.Equal(
            """{"a": 12345678901234567890123, "b": 1.10, "ä": "A"},{"b":1.10,  "a":1e400, "b":"\u0041"},"""
            + """ [1.0e0] ,{"n":0.10},null""",
            await _host.ReadAllAsync(json));
        Assert.Equal("é\\x41\nAB", await _host.ReadAllAsync(text));
        Assert.Equal([0, 255, 0], (await _host.ReadAsync(bytes)).Data.ToArray());
        Assert.Equal(9, (await _host.ReadAsync(text)).Stream!.Tail);
    }

    [Theory]
    [InlineData("select chunkstream.append('no such', '1')", "42704", "There is no stream \"no such\".")]
    [InlineData(
        "select chunkstream.append('''; drop table chunkstream.chunks; --', '1')", "42704", "There is no stream")]
    [InlineData("select chunkstream.append(null, '1'::jsonb)", "42704", "There is no stream \"null\".")]
    [InlineData("select chunkstream.append('{json}', '\\x31'::bytea)", "42804", "is one of application/json")]
    [InlineData("select chunkstream.append('{text}', '1'::jsonb)", "42804", "is one of text/plain")]
    [InlineData("select chunkstream.append('{text}', '1'::json)", "42804", "is one of text/plain")]
    [InlineData("select chunkstream.append('{json}', 'hello')", "22P02", "is not JSON")]
    [InlineData("select chunkstream.append('{json}', '')", "22P02", "is not JSON")]
    [InlineData("select chunkstream.append('{json}', '1,2')", "22P02", "is not JSON")]
    [InlineData("select chunkstream.append('{json}', null::jsonb)", "22004", "is null")]
    [InlineData("select chunkstream.append('{text}', null::text)", "22004", "is null")]
    [InlineData("select chunkstream.append('{text}', '')", "22023", "is empty")]
    [InlineData("select chunkstream.append('{closed}', 'x')", "55000", "is closed")]
    [InlineData("select chunkstream.append('{deleted}', 'x')", "42704", "There is no stream")]
    public async Task What_can_not_be_appended_is_refused_at_once(string sql, string state, string message)
    {
        var (json, text, closed, deleted) =
            (await NewAsync(Json), await NewAsync(), await NewAsync(), await NewAsync());
        await _host.CloseAsync(closed);
        await _host.DeleteAsync(deleted).Within();

        var refusal = await Assert.ThrowsAsync<PostgresException>(() => postgres.ExecuteAsync(
            sql.Replace("{json}", json, StringComparison.Ordinal).Replace("{text}", text, StringComparison.Ordinal)
                .Replace("{closed}", closed, StringComparison.Ordinal)
                .Replace("{deleted}", deleted, StringComparison.Ordinal)));

        Assert.Equal(state, refusal.SqlState);
        Assert.Contains(message, refusal.MessageText, StringComparison.Ordinal);
        Assert.Equal(state == "22023", refusal.Hint is null);
    }

    [Fact]
    public async Task A_stream_that_is_closed_or_deleted_before_the_commit_ends_the_transaction()
    {
        foreach (var (change, state) in new (Func<string, Task>, string)[]
            {
                (path => _host.CloseAsync(path), "55000"),
                (path => _host.DeleteAsync(path), "42704"),
            })
        {
            var (path, other) = (await NewAsync(), await NewAsync());
            await using var connection = await _sql.OpenConnectionAsync();
            await using var transaction = await connection.BeginTransactionAsync();
            await AppendAsync(connection, other, "x");
            await AppendAsync(connection, path, "x");
            await change(path).Within();

            Assert.Equal(
                state,
                (await Assert.ThrowsAsync<PostgresException>(() => transaction.CommitAsync().Within())).SqlState);
            Assert.Equal("", await _host.ReadAllAsync(other));
        }
    }

    [Fact]
    public async Task A_stream_has_the_limit_that_the_database_says()
    {
        var path = await NewAsync();
        await using var connection = await _sql.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await ExecuteAsync(connection, "update chunkstream.limits set max_stream_bytes = 5");
        await AppendAsync(connection, path, "abc");
        await AppendAsync(connection, path, "def");

        Assert.Equal(
            "54000", (await Assert.ThrowsAsync<PostgresException>(() => transaction.CommitAsync().Within())).SqlState);
    }

    [Fact]
    public async Task Two_who_append_to_two_streams_in_opposite_order_do_not_wait_for_each_other()
    {
        var (a, b) = (await NewAsync(Json), await NewAsync(Json));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async writer =>
        {
            await using var connection = await _sql.OpenConnectionAsync();
            for (var i = 0; i < 25; i++)
            {
                await using var transaction = await connection.BeginTransactionAsync();
                await AppendAsync(connection, writer % 2 == 0 ? a : b, "1");
                await Task.Yield();
                await AppendAsync(connection, writer % 2 == 0 ? b : a, "1");
                await transaction.CommitAsync();
            }
        })).Within();

        // Two open transactions do not block each other either.
        await using var first = await _sql.OpenConnectionAsync();
        await using var second = await _sql.OpenConnectionAsync();
        await using var one = await first.BeginTransactionAsync();
        await using var other = await second.BeginTransactionAsync();
        await AppendAsync(first, a, "1");
        await AppendAsync(second, b, "1");
        await AppendAsync(first, b, "1");
        await AppendAsync(second, a, "1");
        await one.CommitAsync().Within();
        await other.CommitAsync().Within();

        foreach (var path in new[] { a, b })
            Assert.Equal(202, (await _host.ReadAsync(path)).Stream!.Tail);
    }

    [Fact]
    public async Task Appends_of_both_kinds_make_one_dense_order()
    {
        var path = await NewAsync(Json);
        const int writers = 4;
        const int rounds = 40;
        var fromSql = Enumerable.Range(0, writers).Select(async writer =>
        {
            await using var connection = await _sql.OpenConnectionAsync();
            for (var i = 0; i < rounds; i++)
            {
                await using var transaction = await connection.BeginTransactionAsync();
                await AppendAsync(connection, path, Message("sql", writer, 2 * i));
                await AppendAsync(connection, path, Message("sql", writer, (2 * i) + 1));
                await transaction.CommitAsync();
            }
        });
        var fromHere = Enumerable.Range(0, writers).Select(async writer =>
        {
            for (var i = 0; i < rounds; i++)
                Assert.Equal(
                    AppendStatus.Appended, (await _host.AppendJsonAsync(path, Message("app", writer, i))).Status);
        });
        await Task.WhenAll([.. fromSql, .. fromHere]).Within();

        var messages = (await _host.ReadAllAsync(path)).Split(',');
        Assert.Equal(writers * rounds * 3, messages.Length);
        Assert.Equal(messages.Length, (await _host.ReadAsync(path)).Stream!.Tail);
        var groups = messages.Select(message => message.Trim('"').Split(' ')).GroupBy(parts => (parts[0], parts[1]));
        foreach (var group in groups)
            Assert.Equal(
                Enumerable.Range(0, group.Count()),
                group.Select(parts => int.Parse(parts[2], CultureInfo.InvariantCulture)));

        // A transaction's two messages stand together.
        for (var i = 0; i < messages.Length; i++)
        {
            var parts = messages[i].Trim('"').Split(' ');
            if (parts[0] == "sql" && int.Parse(parts[2], CultureInfo.InvariantCulture) % 2 == 0)
                Assert.Equal(
                    Message(
                        "sql", int.Parse(parts[1], CultureInfo.InvariantCulture),
                        int.Parse(parts[2], CultureInfo.InvariantCulture) + 1),
                    messages[i + 1]);
        }

        await ChunkTests.AssertChunksAsync(postgres, path, messages.Length);
    }

    [Fact]
    public async Task Live_readers_on_all_instances_are_woken_though_of_many_commits_few_notify()
    {
        await using var other = StoreHost.Start(postgres.ConnectionString);
        var (path, busy, last) = (await NewAsync(Json), await NewAsync(Json), await NewAsync(Json));
        var readers = new List<LiveReader>();
        var lastReaders = new List<LiveReader>();
        foreach (var host in new[] { _host, other })
        {
            var segment = await host.ReadAsync(path, null);
            readers.Add(host.Live.Follow(segment.Stream!, segment.Next));
            segment = await host.ReadAsync(last, null);
            lastReaders.Add(host.Live.Follow(segment.Stream!, segment.Next));
            await Bounded.Until(() => Task.FromResult(host.Get<ChangeListener>().IsProved), "it hears");
        }

        // From then on the readers poll only every ten seconds.
        await Task.Delay(TimeSpan.FromSeconds(2));
        var next = Task.WhenAll(readers.Select(reader => reader.NextAsync(default).AsTask()));
        await postgres.ExecuteAsync($"select chunkstream.append('{path}', '7')");

        Assert.All(await next.Within(TimeSpan.FromSeconds(5)), segment => Assert.Equal("7", Text(segment!.Data)));

        await using var listening = await _sql.OpenConnectionAsync();
        var notices = 0;
        listening.Notification += (_, notice) => notices += notice.Payload.EndsWith('*') ? 1 : 0;
        await using var listen = new NpgsqlCommand("listen chunkstream", listening);
        await listen.ExecuteNonQueryAsync().Within();
        var clock = Stopwatch.StartNew();
        await postgres.ExecuteAsync(
            "do $$ begin for n in 1 .. 100 loop "
            + $"perform chunkstream.append('{busy}', to_jsonb(n)); commit; end loop; end $$");
        var mostNotices = (int)(clock.Elapsed / TimeSpan.FromMilliseconds(20)) + 2;
        await listen.ExecuteNonQueryAsync().Within();
        Assert.InRange(notices, 1, mostNotices);

        // The first transaction notifies, of a stream that nobody follows. The second one does not; it is repeated
        // until it comes soon enough after the first.
        next = Task.WhenAll(lastReaders.Select(reader => reader.NextAsync(default).AsTask()));
        await postgres.ExecuteAsync(
            $"""
            do $$
            declare
                told bigint;
            begin
                loop
                    perform setval('chunkstream.outbox_notices', 1);
                    perform chunkstream.append('{busy}', '0');
                    commit;
                    select last_value into told from chunkstream.outbox_notices;
                    perform chunkstream.append('{last}', '8');
                    set constraints all immediate;
                    exit when told = (select last_value from chunkstream.outbox_notices);
                    rollback;
                end loop;
            end $$
            """);

        // Sooner than the readers would poll.
        Assert.All(await next.Within(TimeSpan.FromSeconds(5)), segment => Assert.Equal("8", Text(segment!.Data)));
        readers.Concat(lastReaders).ToList().ForEach(reader => reader.Dispose());
    }

    [Fact]
    public async Task Appending_from_SQL_prolongs_a_stream_s_life()
    {
        var path = NewPath();
        await postgres.ExecuteAsync($"select chunkstream.create('{path}', ttl => interval '100 seconds')");
        await postgres.ExecuteAsync(
            $"update chunkstream.streams set touched_at = now() - interval '90 seconds' where path = '{path}'");

        await postgres.ExecuteAsync($"select chunkstream.append('{path}', '1')");

        Assert.True(
            await postgres.ScalarAsync<bool>(
                $"select touched_at >= now() - interval '30 seconds' from chunkstream.streams where path = '{path}'"));
    }

    [Fact]
    public async Task A_transaction_that_sees_an_old_state_is_told_to_repeat_itself()
    {
        var (path, text) = (await NewAsync(Json), await NewAsync());
        await using var connection = await _sql.OpenConnectionAsync();
        foreach (var level in new[] { IsolationLevel.RepeatableRead, IsolationLevel.Serializable })
        {
            await using (var transaction = await connection.BeginTransactionAsync(level))
            {
                await AppendAsync(connection, path, "1");
                await transaction.CommitAsync();
            }

            await using (var transaction = await connection.BeginTransactionAsync(level))
            {
                await AppendAsync(connection, text, "a");
                await AppendAsync(connection, path, "2");
                await _host.AppendJsonAsync(path, "3");
                Assert.Equal(
                    "40001", (await Assert.ThrowsAsync<PostgresException>(() => transaction.CommitAsync())).SqlState);
            }
        }

        Assert.Equal("1,3,1,3", await _host.ReadAllAsync(path));
        Assert.Equal("", await _host.ReadAllAsync(text));
    }

    [Fact]
    public async Task Streams_are_created_from_SQL()
    {
        var path = NewPath();
        await using (var connection = await _sql.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await ExecuteAsync(connection, $"select chunkstream.create('{path}/not')");
            await transaction.RollbackAsync();
        }

        await postgres.ExecuteAsync(
            $"select chunkstream.create('{path}'), chunkstream.append('{path}', '1'); "
            + $"select chunkstream.create('{path}/text', 'Text/Plain; charset=utf-8', interval '1 hour')");

        Assert.Equal(Presence.Missing, (await _host.ReadAsync(path + "/not")).Presence);
        Assert.Equal("1", await _host.ReadAllAsync(path));
        Assert.Equal(("application/json", true, null), Of(await _host.ReadAsync(path)));
        Assert.Equal(("Text/Plain; charset=utf-8", false, 3600L), Of(await _host.ReadAsync(path + "/text")));
        Assert.False(await postgres.ScalarAsync<bool>($"select chunkstream.create('{path}')"));
        Assert.False(await postgres.ScalarAsync<bool>($"select chunkstream.create('{path}/text', 'text/plain')"));
        Assert.Equal("42710", await StateOfAsync($"select chunkstream.create('{path}', 'text/plain')"));
        Assert.Equal("42710", await StateOfAsync($"select chunkstream.create('{path}', ttl => interval '1 hour')"));
        Assert.Equal("22023", await StateOfAsync($"select chunkstream.create('{path}/x', 'no type')"));
        Assert.Equal(
            "22023", await StateOfAsync($"select chunkstream.create('{path}/x', ttl => interval '-1 second')"));

        static (string?, bool?, long?) Of(StoredSegment segment)
            => (segment.Stream?.ContentType, segment.Stream?.IsJson, segment.Stream?.TtlSeconds);
    }

    [Fact]
    public async Task A_path_that_HTTP_refuses_is_refused_here()
    {
        string?[] mistakes =
        [
            null, "", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/.", "__ds", "__ds/x", "a%2Fb", "a\tb", "a\u0085",
            "a\u007f",
            new string('a', 1025), string.Concat(Enumerable.Repeat('ä', 513)),
        ];
        foreach (var path in mistakes)
        {
            await using var command = _sql.CreateCommand("select chunkstream.create($1)");
            command.Parameters.Add(
                new() { Value = (object?)path ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
            Assert.Equal(
                "22023", (await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync())).SqlState);
        }

        string[] valid = ["a..b/...", "100%/x%zz", "__dsx", "ä ö/'\"; --", string.Concat(Enumerable.Repeat('ä', 512))];
        foreach (var path in valid)
        {
            await using var command = _sql.CreateCommand("select chunkstream.create($1)");
            command.Parameters.Add(new() { Value = path });
            await command.ExecuteNonQueryAsync();
            Assert.Equal(Presence.Present, await _host.DeleteAsync(path).Within());
        }
    }

    [Fact]
    public async Task Who_may_append_may_do_nothing_else()
    {
        var path = await NewAsync(Json);
        var role = "writer_" + Guid.NewGuid().ToString("N");
        await postgres.ExecuteAsync($"create role {role}");
        try
        {
            Assert.Equal("42501", await StateOfAsync($"set role {role}; select chunkstream.append('{path}', '1')"));
            await postgres.ExecuteAsync($"grant usage on schema chunkstream to {role}");
            Assert.Equal("42501", await StateOfAsync($"set role {role}; select chunkstream.append('{path}', '1')"));

            await postgres.ExecuteAsync($"select chunkstream.allow_writing('{role}')");
            await postgres.ExecuteAsync($"set role {role}; select chunkstream.append('{path}', '1')");

            Assert.Equal("1", await _host.ReadAllAsync(path));
            foreach (var sql in new[]
                {
                    "select * from chunkstream.chunks", "select * from chunkstream.outbox",
                    "delete from chunkstream.streams",
                    "select chunkstream.stream_delete('x')", "update chunkstream.limits set max_stream_bytes = 1",
                    "set search_path = chunkstream; select outbox_add('x', 'x', true)",
                    "create function chunkstream.octet_length(text) returns int return 1",
                    $"select chunkstream.allow_writing('{role}')",
                })
            {
                Assert.Equal("42501", await StateOfAsync($"set role {role}; {sql}"));
            }
        }
        finally
        {
            await postgres.ExecuteAsync($"drop owned by {role}; drop role {role}");
        }
    }

    private static string Message(string kind, int writer, int number)
        => string.Create(CultureInfo.InvariantCulture, $"\"{kind} {writer} {number}\"");

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync().Within();
    }

    private static async Task AppendAsync(NpgsqlConnection connection, string path, string payload)
    {
        await using var command = new NpgsqlCommand("select chunkstream.append($1, $2)", connection);
        command.Parameters.Add(new() { Value = path });
        command.Parameters.Add(new() { Value = payload });
        await command.ExecuteNonQueryAsync().Within();
    }

    private async Task<string> StateOfAsync(string sql)
        => (await Assert.ThrowsAsync<PostgresException>(() => postgres.ExecuteAsync(sql))).SqlState;

    private async Task<string> NewAsync(string contentType = Plain)
    {
        var path = NewPath("sql");
        await _host.CreateAsync(path, contentType);
        return path;
    }
}
