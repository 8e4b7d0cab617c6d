using System.Globalization;
using System.Text;
using ChunkStream.DurableStreams.Schema;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Functions.Tests.Support;
using Npgsql;
using static ChunkStream.Functions.Tests.DurableStreams.StoreHost;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>
/// The default isolation of the database's transactions is not "read committed". Each test has a database of its own.
/// </summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class IsolationTests(RealPostgres postgres) : IAsyncLifetime
{
    private const int Writers = 8;
    private const int Appends = 50;
    private const int AppendsFromSql = 15;

    private readonly string _database = $"isolation_{Guid.NewGuid():N}";

    public Task InitializeAsync() => postgres.ExecuteAsync($"create database {_database}");

    public Task DisposeAsync() => postgres.ExecuteAsync($"drop database {_database} with (force)");

    [Theory]
    [InlineData("repeatable read")]
    [InlineData("serializable")]
    public async Task Appends_are_independent_of_the_databases_default(string isolation)
    {
        await postgres.ExecuteAsync($"alter database {_database} set default_transaction_isolation = '{isolation}'");
        var hosts = Enumerable.Range(0, 4).Select(_ => StoreHost.Start(ConnectionString)).ToArray();
        var path = NewPath();

        // All instances create the tables at the same time.
        var created = await Task.WhenAll(hosts.Select(host => host.CreateAsync(path, Json, ttl: 1_000)));
        Assert.Single(created, result => result.Status is CreateStatus.Created);

        await Task.WhenAll(
            Enumerable.Range(0, Writers)
                .Select(writer => Task.Run(() => WriteAsync(hosts[writer % hosts.Length], path, writer)))).Within();

        var messages = (await hosts[0].ReadAllAsync(path)).Split(',');
        Assert.Equal(Writers * Appends, messages.Length);
        for (var writer = 0; writer < Writers; writer++)
        {
            Assert.Equal(
                Enumerable.Range(0, Appends).Select(number => Message(writer, number)),
                messages.Where(message => message.StartsWith(
                    string.Create(CultureInfo.InvariantCulture, $"{writer}."), StringComparison.Ordinal)));
        }

        foreach (var host in hosts)
        {
            Assert.DoesNotContain(host.Log.Entries, entry => entry.Exception is not null);
            await host.DisposeAsync();
        }
    }

    [Fact]
    public async Task The_script_may_be_run_by_several_at_once()
    {
        await postgres.ExecuteAsync(
            $"alter database {_database} set default_transaction_isolation = 'repeatable read'");

        await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            await using var source = NpgsqlDataSource.Create(ConnectionString + ";Pooling=false");
            await using var command = source.CreateCommand(DurableStreamSchema.Script);
            await command.ExecuteNonQueryAsync().Within();
        }));
    }

    /// <summary>
    /// Appends from SQL in transactions that see the streams as they were when they began. A transaction that comes too
    /// late is refused as a whole, with the error that says to repeat it.
    /// </summary>
    [Theory]
    [InlineData("repeatable read", Json)]
    [InlineData("serializable", Json)]
    [InlineData("repeatable read", Plain)]
    public async Task From_SQL_what_is_committed_is_there_once_and_the_rest_is_to_be_repeated(
        string isolation, string contentType)
    {
        await using var host = StoreHost.Start(ConnectionString);
        string[] paths = [NewPath(), NewPath()];
        foreach (var path in paths)
            await host.CreateAsync(path, contentType);
        await postgres.ExecuteAsync($"alter database {_database} set default_transaction_isolation = '{isolation}'");
        await using var sql = NpgsqlDataSource.Create(ConnectionString);
        var repeated = 0;

        // Each transaction appends to both streams, in either order, while the app appends to them without waiting for
        // anything.
        var fromSql = Enumerable.Range(0, 4).Select(writer => Task.Run(async () =>
        {
            for (var number = 0; number < AppendsFromSql; number++)
            {
                string[] ordered = writer % 2 == 0 ? paths : [paths[1], paths[0]];
                while (!await TryAppendAsync(sql, ordered, Text(writer, number, contentType)))
                    Interlocked.Increment(ref repeated);
            }
        })).ToArray();
        var fromApp = Task.Run(async () =>
        {
            for (var number = 0; !Task.WhenAll(fromSql).IsCompleted; number++)
            {
                await host.AppendAsync(paths[number % 2], Text(9, number, contentType), contentType: contentType);
                await Task.Delay(number % 5);
            }
        });
        await Task.WhenAll([.. fromSql, fromApp]).Within();

        Assert.True(repeated > 0, "None came too late: this has shown nothing.");
        foreach (var path in paths)
        {
            var messages = (await host.ReadAllAsync(path)).Split([',', ';'], StringSplitOptions.RemoveEmptyEntries);
            for (var writer = 0; writer < 4; writer++)
            {
                Assert.Equal(
                    Enumerable.Range(0, AppendsFromSql)
                        .SelectMany(number => new[] { Message(writer, number), Message(writer, number) }),
                    messages.Where(message => message.StartsWith(
                        string.Create(CultureInfo.InvariantCulture, $"{writer}."), StringComparison.Ordinal)));
            }

            // A transaction's two messages stand together.
            var ours = messages.Index().Where(message => message.Item[0] != '9').ToArray();
            Assert.All(ours.Chunk(2), pair => Assert.Equal((pair[0].Index + 1, pair[0].Item), pair[1]));
        }
    }

    /// <summary>
    /// A transaction that began before the fork does not see it, and must not give away what the fork still needs.
    /// </summary>
    [Fact]
    public async Task From_SQL_a_path_is_not_taken_from_a_stream_that_was_forked_meanwhile()
    {
        await using var host = StoreHost.Start(ConnectionString);
        // This creates the tables, so that the time this takes does not count against the stream's lifetime.
        await host.CreateAsync(NewPath());

        // On a busy machine the source may expire before it is forked.
        for (var seconds = 2; !await IsKeptForItsForkAsync(host, seconds); seconds *= 2)
            Assert.InRange(seconds, 0, 16);
    }

    // Returns whether the source was forked before it expired.
    private async Task<bool> IsKeptForItsForkAsync(StoreHost host, int seconds)
    {
        var (path, fork) = (NewPath(), NewPath());
        await host.CreateAsync(
            path, content: ["inherited"], expires: TimeProvider.System.GetUtcNow().AddSeconds(seconds));
        await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead);
        await using (var begin = new NpgsqlCommand("select from chunkstream.streams", connection))
            await begin.ExecuteNonQueryAsync().Within();
        var forked = await host.CreateAsync(fork, null, ttl: 1_000, fork: new ForkPoint(path, null, 0));
        if (forked.Status is CreateStatus.SourceMissing)
            return false;
        Assert.Equal(CreateStatus.Created, forked.Status);
        await Bounded.Until(
            async () => (await host.Store.HeadAsync(path, default)).Presence is Presence.Gone,
            "the source has expired");

        await using (var create = new NpgsqlCommand("select chunkstream.create(@path, 'text/plain')", connection))
        {
            create.Parameters.AddWithValue("path", path);
            var refusal = await Assert.ThrowsAsync<PostgresException>(() => create.ExecuteNonQueryAsync().Within());
            Assert.Equal("25000", refusal.SqlState);
        }

        await transaction.RollbackAsync();
        await host.Get<DurableStreamSweep>().RunAsync(default).Within();
        Assert.Equal("inherited", await host.ReadAllAsync(fork));
        return true;
    }

    private string ConnectionString
        => new NpgsqlConnectionStringBuilder(postgres.ConnectionString) { Database = _database }.ConnectionString;

    private static async Task WriteAsync(StoreHost host, string path, int writer)
    {
        for (var number = 0; number < Appends; number++)
        {
            var append = new AppendToStream(
                path, Json, [Encoding.UTF8.GetBytes(Message(writer, number))], false, null,
                new ProducerPosition($"{writer}", 0, number));
            Assert.Equal(AppendStatus.Appended, (await host.Appends.AppendAsync(append, default).Within()).Status);
        }
    }

    // Returns whether the transaction was committed. The only error allowed is the one that says to repeat it.
    private static async Task<bool> TryAppendAsync(NpgsqlDataSource sql, string[] paths, string text)
    {
        await using var connection = await sql.OpenConnectionAsync();
        await using var command = new NpgsqlCommand(
            """
            begin;
            select chunkstream.append(@first, @text), chunkstream.append(@second, @text),
            """
            + """
             chunkstream.append(@first, @text), chunkstream.append(@second, @text), pg_sleep(0.002);
            commit;
            """,
            connection);
        command.Parameters.AddWithValue("first", paths[0]);
        command.Parameters.AddWithValue("second", paths[1]);
        command.Parameters.AddWithValue("text", text);
        try
        {
            await command.ExecuteNonQueryAsync().Within();
            return true;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.SerializationFailure)
        {
            return false;
        }
    }

    private static string Text(int writer, int number, string contentType)
        => Message(writer, number) + (contentType == Json ? "" : ";");

    // The message is a number, and thus JSON too.
    private static string Message(int writer, int number)
        => string.Create(CultureInfo.InvariantCulture, $"{writer}.{number:D4}");
}
