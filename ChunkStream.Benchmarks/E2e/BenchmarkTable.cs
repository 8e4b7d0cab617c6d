using ChunkStream.LocalHost;
using Npgsql;

namespace ChunkStream.Benchmarks.E2e;

/// <summary>
/// The table that every contestant reads: one column of each common type, text with quotes and letters beyond ASCII,
/// and nulls. A row has about 220 bytes as JSON. The rows are the same on every machine. The demo has a table like it;
/// this one is apart, because the demo can be deleted, and because a change of the demo must not change the figures.
/// </summary>
internal static class BenchmarkTable
{
    /// <summary>The table's name.</summary>
    public const string Name = "large_table";

    private const long Step = 50_000;

    private const string CreateSql =
        $"""
        set synchronous_commit = off;
        set timezone = 'UTC';
        create table {Name} (
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

    // Multiples of primes stand in for chance: with random() each machine would have other rows.
    private const string InsertSql =
        $$"""
        insert into {{Name}}
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

    /// <summary>Makes the table in an empty database, and shows the progress.</summary>
    public static async Task CreateAsync(string connectionString, long rows, CancellationToken cancellation)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(cancellation);
        await ExecuteAsync(connection, CreateSql, cancellation);
        var progress = new ConsolePercentage($"Rows of {connection.Database}", rows);
        for (long done = 0; done < rows; done += Step)
        {
            progress.Report(done);
            await ExecuteAsync(connection, InsertSql, cancellation, done + 1, Math.Min(done + Step, rows));
        }

        // The rows are frozen, so that reading them for the first time writes nothing.
        await ExecuteAsync(connection, $"alter table {Name} add primary key (id)", cancellation);
        await ExecuteAsync(connection, $"vacuum (freeze, analyze) {Name}", cancellation);
        progress.Report(rows);
    }

    private static async Task ExecuteAsync(
        NpgsqlConnection connection, string sql, CancellationToken cancellation, params long[] values)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        foreach (var value in values)
            command.Parameters.Add(new() { Value = value });
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
