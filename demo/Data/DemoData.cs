using System.Globalization;
using Npgsql;

namespace ChunkStream.Demo.Data;

/// <summary>
/// The table that the examples read: one column of each common type, text with quotes and letters beyond ASCII, nulls;
/// about 220 bytes of JSON a row. The same rows on every machine.
/// </summary>
internal static class DemoData
{
    /// <summary>The table's name.</summary>
    public const string Table = "large_table";

    // Says how many rows it has, and of which shape; raise the version with the shape.
    private const string CommentPrefix = "ChunkStream demo data, version 1, rows: ";

    private const long LargestPiece = 50_000;

    /// <summary>Makes the table, unless it is there with as many rows.</summary>
    /// <param name="connectionString">The database.</param>
    /// <param name="rows">How many rows, 0 or more.</param>
    /// <param name="progress">Is told how many rows are there, from 0 on, while the table is made.</param>
    /// <param name="cancellation">Ends it; what is half done is dropped by the next call.</param>
    public static async Task<DemoDataOutcome> EnsureAsync(
        string connectionString, long rows, IProgress<long>? progress, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        await using var table = await DemoTable.OpenAsync(connectionString, Table, cancellation);
        var comment = CommentPrefix + rows.ToString(CultureInfo.InvariantCulture);
        if (await table.FindAsync(comment, cancellation) is { } found)
            return found;

        progress?.Report(0);
        await table.ExecuteAsync(CreateSql, cancellation);
        // The largest batch that is allowed, or a hundredth of the rows, so that small tables show progress, too.
        var piece = Math.Clamp(rows / 100, 1_000, LargestPiece);
        for (long done = 0; done < rows;)
        {
            var end = Math.Min(done + piece, rows);
            await InsertAsync(table, done + 1, end, cancellation);
            done = end;
            // The last step is not shown as done before the table is.
            if (done < rows)
                progress?.Report(done);
        }

        await table.PublishAsync(comment, cancellation);
        progress?.Report(rows);
        return DemoDataOutcome.Made;
    }

    private const string CreateSql =
        $"""
        create table {DemoTable.BuildingPrefix}{Table} (
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
        insert into {{DemoTable.BuildingPrefix}}{{Table}}
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

    private static async Task InsertAsync(
        DemoTable table, long first, long last, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(InsertSql, table.Connection)
        {
            CommandTimeout = 0,
            Parameters = { new() { Value = first }, new() { Value = last } },
        };
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

    /// <summary>There is a table of that name that somebody else has made, so nothing was done.</summary>
    NotOurs,
}
