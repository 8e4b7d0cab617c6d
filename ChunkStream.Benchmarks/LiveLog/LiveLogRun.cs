using System.Globalization;
using ChunkStream.Benchmarks.E2e;
using ChunkStream.Benchmarks.E2e.Report;
using ChunkStream.Postgres;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Live.Changes;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ChunkStream.Benchmarks.LiveLog;

/// <summary>The benchmark of what the change log costs writers.</summary>
internal static class LiveLogRun
{
    /// <summary>The tables: alike but for the watch. The first is what the others are compared with.</summary>
    public static readonly (string Name, string What)[] Tables =
    [
        ("plain", "not watched"),
        ("watched", "**watched**"),
        ("listened", "watched, and somebody listens"),
    ];

    // The other tables of a transaction of pgbench, for its scale 1.
    private const string Bench =
        """
        create table tellers (id int primary key, branch int, balance int, filler char(84));
        insert into tellers select i, 1, 0, '' from generate_series(1, 10) i;
        create table branches (id int primary key, balance int, filler char(88));
        insert into branches values (1, 0, '');
        create table history (
            teller int, branch int, account bigint, delta int, at timestamptz default now(), filler char(22));
        vacuum analyze tellers;
        vacuum analyze branches
        """;

    // Rows of each table, of which one is updated at a time.
    private const int Rows = 100_000;

    /// <summary>Runs it, and gives the process's exit code.</summary>
    public static Task<int> RunAsync(LiveLogSettings settings, CancellationToken cancellation)
        => ReportedRun.RunAsync(
            LiveLogCommand.Name,
            settings.Output,
            async () => (await MeasureAsync(settings, cancellation), HasFailures: false),
            cancellation);

    private static async Task<string> MeasureAsync(LiveLogSettings settings, CancellationToken cancellation)
    {
        await using var databases = new TestDatabases();
        var server = (await databases.WithRowsAsync(1, cancellation)).ConnectionString;
        await using var database = new PostgresDatabase(
            ConfiguredConnection.Create(server), new PostgresOptions(), TimeProvider.System,
            NullLoggerFactory.Instance);
        await using var connection = new NpgsqlConnection(server);
        await connection.OpenAsync(cancellation);
        foreach (var (table, _) in Tables)
            await CreateAsync(connection, table, cancellation);
        await ExecuteAsync(connection, Bench, cancellation);
        var log = new ChangeLog(database.OpenAsync, ChangeLogLimits.Default, TimeProvider.System);
        var watches = await log.EnsureAsync(
            [(await OidAsync(connection, "watched"), ["id"]), (await OidAsync(connection, "listened"), ["id"])],
            cancellation);

        var cases = Cases();
        for (var round = 0; round <= settings.Rounds; round++)
        {
            foreach (var one in cases)
            {
                // In turns, so that each table is the first as often as another.
                for (var turn = 0; turn < Tables.Length; turn++)
                {
                    var table = Tables[(turn + round) % Tables.Length].Name;
                    await ListenAsync(connection, table is "listened", cancellation);
                    await one.RunAsync(connection, table, isCounted: round > 0, cancellation);
                }
            }

            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"round {round}"));
        }

        await EnsureLoggedAsync(connection, watches[0], cancellation);
        var machine = await Machine.DescribeAsync(databases.Description, cancellation);
        return LiveLogReport.Create(cases, machine, settings, TimeProvider.System);
    }

    private static WriteCase[] Cases()
    {
        const string Update = "update {table} set amount = amount + 1 where id = ($1 * 7919) % 100000 + 1";
        const string Insert =
            "insert into {table} (id, customer, amount, note) "
            + "select 1000000 + $1 * 1000 + i, i % 100, i * 1.1, 'note ' || i from generate_series(1, 1000) i";
        // The table is that of the accounts, and the others are not watched.
        string[] bench =
        [
            Update,
            "select amount from {table} where id = ($1 * 7919) % 100000 + 1",
            "update tellers set balance = balance + 1 where id = $1 % 10 + 1",
            "update branches set balance = balance + 1 where id = $1 % 1 + 1",
            "insert into history (teller, branch, account, delta) values ($1 % 10 + 1, 1, ($1 * 7919) % 100000 + 1, 1)",
        ];
        return
        [
            new WriteCase("an account is booked as pgbench does it", bench, times: 300, isDurable: true),
            new WriteCase("one row is updated by its key", [Update], times: 300, isDurable: true),
            new WriteCase("1,000 rows are inserted", [Insert], times: 10, isDurable: true),
            new WriteCase("an account is booked as pgbench does it", bench, times: 500, isDurable: false),
            new WriteCase("one row is updated by its key", [Update], times: 1000, isDurable: false),
            new WriteCase("1,000 rows are inserted", [Insert], times: 10, isDurable: false),
        ];
    }

    private static Task CreateAsync(NpgsqlConnection connection, string table, CancellationToken cancellation)
        => ExecuteAsync(
            connection,
            $"""
            create table {table} (
                id bigint primary key, customer int not null, amount numeric, note text, at timestamptz default now());
            create index on {table} (customer);
            insert into {table} select i, i % 1000, i * 1.1, 'note ' || i from generate_series(1, {Rows}) i;
            vacuum analyze {table};
            """,
            cancellation);

    // Notices are sent while somebody listens; here they go nowhere.
    private static Task ListenAsync(NpgsqlConnection connection, bool isListening, CancellationToken cancellation)
        => ExecuteAsync(
            connection,
            isListening
                ? "select chunkstream_live.listen(3600)"
                : "select setval('chunkstream_live.listening', 1)",
            cancellation);

    // A log that has nothing was not measured.
    private static async Task EnsureLoggedAsync(
        NpgsqlConnection connection, Watch watch, CancellationToken cancellation)
    {
        await using var count = new NpgsqlCommand(
            $"select count(*) from chunkstream_live.log_{watch.Id}", connection);
        if (await count.ExecuteScalarAsync(cancellation) is not > 0L)
            throw new InvalidDataException("The change log is empty.");
    }

    private static async Task<uint> OidAsync(NpgsqlConnection connection, string table)
    {
        await using var find = new NpgsqlCommand($"select '{table}'::regclass::oid", connection);
        return (uint)(await find.ExecuteScalarAsync())!;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        foreach (var statement in sql.Split(
            ';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            await using var command = new NpgsqlCommand(statement, connection) { CommandTimeout = 0 };
            await command.ExecuteNonQueryAsync(cancellation);
        }
    }
}
