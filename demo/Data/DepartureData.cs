using Npgsql;

namespace ChunkStream.Demo.Data;

/// <summary>
/// A small table that changes, for a live query to follow: the next departures of an airport. They are late, are given
/// other gates, board, and leave; and others are announced. All of them are made up.
/// </summary>
internal static class DepartureData
{
    /// <summary>The table's name.</summary>
    public const string Table = "departures";

    /// <summary>How many departures the board has.</summary>
    public const int Rows = 24;

    private const string Comment = "ChunkStream demo data: departures, version 1";

    // Each step changes a few rows. A person can follow that many.
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

    // After a failure, such as a restart of Postgres.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    /// <summary>Makes the table, unless it is there, and fills the board anew: it may be of last week.</summary>
    public static async Task<DemoDataOutcome> EnsureAsync(string connectionString, CancellationToken cancellation)
    {
        await using var table = await DemoTable.OpenAsync(connectionString, Table, cancellation);
        var outcome = await table.FindAsync(Comment, cancellation);
        if (outcome == DemoDataOutcome.NotOurs)
            return DemoDataOutcome.NotOurs;

        if (outcome is null)
        {
            await table.ExecuteAsync(CreateSql, cancellation);
            await table.PublishAsync(Comment, cancellation);
        }

        await table.ExecuteAsync(FillSql, cancellation);
        return outcome ?? DemoDataOutcome.Made;
    }

    /// <summary>
    /// Changes the board once a second, until it is cancelled, and only while somebody follows a live query of this
    /// database: nobody else would see it.
    /// </summary>
    public static async Task KeepChangingAsync(string connectionString, CancellationToken cancellation)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false };
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await using var connection = new NpgsqlConnection(settings.ConnectionString);
                await connection.OpenAsync(cancellation);
                using var timer = new PeriodicTimer(Pace);
                while (await timer.WaitForNextTickAsync(cancellation))
                    await StepIfFollowedAsync(connection, cancellation);
            }
            catch (Exception e) when (e is NpgsqlException or IOException or OperationCanceledException)
            {
                // The board stands still meanwhile.
                await Task.Delay(Pause, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Changes the board once, in one transaction; says whether it did, because somebody follows.</summary>
    public static async Task<bool> StepIfFollowedAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        if (!await IsFollowedAsync(connection, cancellation))
            return false;
        // Statements that are sent together are one transaction.
        await using var command = new NpgsqlCommand(StepSql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
        return true;
    }

    // Triggers of the change log send notices until this time, which instances renew while they have readers.
    private static async Task<bool> IsFollowedAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "select pg_sequence_last_value(to_regclass('chunkstream_live.listening')) "
            + "> date_part('epoch', clock_timestamp()) * 1000",
            connection);
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    private const string CreateSql =
        $"""
        create table {DemoTable.BuildingPrefix}{Table} (
          id int not null,
          flight text not null,
          destination text not null,
          gate text not null,
          scheduled timestamptz not null,
          delay int not null,
          status text not null)
        """;

    // A departure by its number; multiples of primes stand in for chance.
    private const string Announced =
        """
        (array['CS', 'DX', 'NK', 'QF'])[1 + n % 4] || ' ' || 100 + n::bigint * 7919 % 900,
        (array['Atlanta', 'Boston', 'Chicago', 'Denver', 'El Paso', 'Honolulu', 'Houston', 'Miami', 'Newark',
          'Phoenix', 'San Diego', 'Seattle', 'Tampa'])[1 + n::bigint * 31 % 13],
        chr(65 + n % 5) || 1 + n::bigint * 17 % 24
        """;

    private static readonly string FillSql =
        $"""
        begin;
        delete from {Table};
        insert into {Table}
        select
          n, {Announced}, date_trunc('minute', now()) + n * interval '5 minutes',
          case when n % 3 = 0 then 5 * (n % 7) else 0 end,
          case when n % 3 = 0 and n % 7 > 0 then 'delayed' else 'on time' end
        from generate_series(1, {Rows}) as n;
        commit;
        """;

    private const string StepSql =
        $"""
        update {Table} set delay = delay + 5 * (1 + floor(random() * 4)::int), status = 'delayed'
        where id = (select id from {Table} where status <> 'boarding' order by random() limit 1);

        update {Table} set gate = chr(65 + floor(random() * 5)::int) || 1 + floor(random() * 24)::int
        where id = (select id from {Table} where random() < 0.1 order by random() limit 1);

        update {Table} set status = 'boarding'
        where status <> 'boarding' and id in (
          select id from {Table} order by scheduled + delay * interval '1 minute', id limit 3);

        with gone as (
          delete from {Table}
          where random() < 0.4 and id = (
            select id from {Table} order by scheduled + delay * interval '1 minute', id limit 1)
          returning id),
        next as (select max(id) + 1 as n, max(scheduled) + interval '5 minutes' as scheduled from {Table})
        insert into {Table}
        select n, {Announced}, next.scheduled, 0, 'on time' from next, gone;
        """;
}
