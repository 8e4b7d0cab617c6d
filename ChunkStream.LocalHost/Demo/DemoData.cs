using System.Globalization;
using Npgsql;

namespace ChunkStream.LocalHost.Demo;

/// <summary>
/// The table that the examples read: one column of each common type, text with quotes and letters beyond ASCII, nulls;
/// about 220 bytes of JSON a row. The same rows on every machine.
/// </summary>
internal static class DemoData
{
    /// <summary>The table's name.</summary>
    public const string Table = "large_table";

    // Filled under this name and renamed when it is whole: large_table is never there half.
    private const string Building = "large_table_building";

    // Says how many rows it has, and of which shape; raise the version with the shape.
    private const string CommentPrefix = "ChunkStream demo data, version 1, rows: ";

    private const long LargestPiece = 50_000;

    /// <summary>Makes the table, unless it is there with as many rows.</summary>
    /// <param name="connectionString">The database.</param>
    /// <param name="rows">How many rows, 0 or more.</param>
    /// <param name="progress">Told how many rows are there, from 0 on, while the table is made.</param>
    /// <param name="cancellation">Ends it; what is half done is dropped by the next call.</param>
    public static async Task<DemoDataOutcome> EnsureAsync(
        string connectionString, long rows, IProgress<long>? progress, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(cancellation);

        var comment = CommentPrefix + rows.ToString(CultureInfo.InvariantCulture);
        if (await ReadCommentAsync(connection, cancellation) is { } existing)
        {
            if (existing == comment)
                return DemoDataOutcome.Kept;
            if (!existing.StartsWith("ChunkStream demo data", StringComparison.Ordinal))
                return DemoDataOutcome.NotOurs;
        }

        progress?.Report(0);
        await ExecuteAsync(connection, CreateSql, cancellation);
        // As large as it may be, or a hundredth: small tables show progress too.
        var piece = Math.Clamp(rows / 100, 1_000, LargestPiece);
        for (long done = 0; done < rows;)
        {
            var end = Math.Min(done + piece, rows);
            await InsertAsync(connection, done + 1, end, cancellation);
            done = end;
            // The last step is not shown as done before the table is.
            if (done < rows)
                progress?.Report(done);
        }

        // Frozen: reading it for the first time then writes nothing.
        await ExecuteAsync(connection, $"alter table {Building} add primary key (id)", cancellation);
        await ExecuteAsync(connection, $"vacuum (freeze, analyze) {Building}", cancellation);
        await ExecuteAsync(connection, PublishSql(comment), cancellation);
        progress?.Report(rows);
        return DemoDataOutcome.Made;
    }

    // Pieces need not be on disk one by one, since only the whole counts; its commit writes them all.
    private const string CreateSql =
        $"""
        set synchronous_commit = off;
        set timezone = 'UTC';
        drop table if exists {Building};
        create table {Building} (
          id bigint not null,
          quantity int not null,
          price numeric(12,2) not null,
          ratio float8 not null,
          description text not null,
          active bool not null,
          note text,
          created_at timestamptz not null,
          attributes jsonb not null);
        """;

    // Multiples of primes stand in for chance: no random(), so that each machine has the same rows.
    private const string InsertSql =
        $$"""
        insert into {{Building}}
        select
          n,
          (n * 7919 % 1000)::int,
          (n * 104729 % 1000000)::numeric / 100,
          (n * 15485863 % 1000000)::float8 / 999983,
          '5" nut ' || n || ', "' || (array['größe L', 'naïve', '日本語', 'żółw', 'plain'])[1 + n % 5] || '"',
          n % 3 <> 0,
          case when n % 4 = 0 then 'it''s note ' || n % 97 end,
          timestamptz '2026-01-01 00:00:00Z' + n * interval '1.25 seconds',
          jsonb_build_object('color', (array['red', 'green', 'blue'])[1 + n % 3], 'size', n % 50)
        from generate_series($1::bigint, $2::bigint) as n
        """;

    private static string PublishSql(string comment) =>
        $"""
        begin;
        set local synchronous_commit = on;
        drop table if exists {Table};
        alter table {Building} rename to {Table};
        alter index {Building}_pkey rename to {Table}_pkey;
        comment on table {Table} is '{comment}';
        commit;
        """;

    /// <summary>The table's comment, empty where it has none; null where there is no table.</summary>
    private static async Task<string?> ReadCommentAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            $"select coalesce(obj_description(oid, 'pg_class'), '') from pg_class where oid = to_regclass('{Table}')",
            connection);
        return (string?)await command.ExecuteScalarAsync(cancellation);
    }

    private static async Task InsertAsync(
        NpgsqlConnection connection, long first, long last, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(InsertSql, connection)
        {
            CommandTimeout = 0,
            Parameters = { new() { Value = first }, new() { Value = last } },
        };
        await command.ExecuteNonQueryAsync(cancellation);
    }

    // No time limit: how long it takes follows from the rows that were asked for, and Ctrl+C ends it.
    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellation);
    }
}

/// <summary>What became of the demo data.</summary>
internal enum DemoDataOutcome
{
    /// <summary>It was there.</summary>
    Kept,

    /// <summary>It was made.</summary>
    Made,

    /// <summary>There is a table of that name which somebody else made; nothing was done.</summary>
    NotOurs,
}
