using System.Globalization;
using ChunkStream.Functions.Tests.Support;
using Npgsql;

namespace ChunkStream.Functions.Tests.Fleet;

/// <summary>
/// A table whose rows leave a query only when a test lets them: so streams last for exactly as long as the test wants.
/// </summary>
internal sealed class GatedRows(NpgsqlDataSource database)
{
    /// <summary>More than a test ever lets go.</summary>
    private const int Most = 50_000;

    // A sequence has one value for all transactions at all times, whatever their snapshots. Rows of this size reach the
    // reader soon: Postgres sends them on when it has 8 KB.
    private static readonly string Create = string.Create(
        CultureInfo.InvariantCulture,
        $$"""
        create table gated_rows (id bigint primary key, filler text not null);
        insert into gated_rows select n, repeat('x', 400) from generate_series(1, {{Most}}) n;
        create sequence rows_released;
        create sequence rows_in_all;
        create function is_released(id bigint) returns boolean language plpgsql as $$
        begin
            loop
                if id <= (select last_value from rows_released) then return true; end if;
                if (select is_called from rows_in_all) then return false; end if;
                perform pg_sleep(0.02);
            end loop;
        end $$;
        analyze gated_rows;

        -- Rows come in the order of their keys without having been sorted, which would need all of them.
        do $$ begin
            execute format('alter database %I set enable_seqscan = off', current_database());
            execute format('alter database %I set enable_sort = off', current_database());
        end $$;
        """);

    private int _released = 1;

    /// <summary>The query files, with a key and without.</summary>
    public static QueryFiles Queries() => new QueryFiles()
        .With("keyed", "-- key: id\nselect id, filler from gated_rows where is_released(id)")
        .With("unkeyed", "select id, filler from gated_rows where is_released(id)");

    public Task CreateAsync() => ExecuteAsync(Create);

    /// <summary>Lets rows go, a few at a time, until the token is cancelled.</summary>
    public async Task ReleaseAsync(CancellationToken ended)
    {
        while (!ended.IsCancellationRequested)
        {
            _released += 5;
            await ExecuteAsync($"select setval('rows_released', {_released})");
            await Task.Delay(50, CancellationToken.None);
        }
    }

    /// <summary>Says that there will be no more. Returns how many rows there were.</summary>
    public async Task<int> EndAsync()
    {
        await ExecuteAsync("select nextval('rows_in_all')");
        return _released;
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
