using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Postgres.Live;

/// <summary>
/// All versions of the rows of a table with the key <c>id</c>, which a trigger keeps in another table. So it is known
/// which rows any snapshot shows, however long ago it was.
/// </summary>
/// <param name="postgres">The server.</param>
/// <param name="table">The table.</param>
internal sealed class RowHistory(RealPostgres postgres, string table)
{
    /// <summary>A script for a table that has just been made.</summary>
    public string Begin =>
        $"""
        create table {table}_past (
          id int, version bigserial, xid xid8 default pg_current_xact_id(), item {table});
        create index on {table}_past (id, version desc);
        create function {table}_keep() returns trigger language plpgsql as $$
        begin
          if tg_op = 'DELETE' or (tg_op = 'UPDATE' and old.id <> new.id) then
            insert into {table}_past (id) values (old.id);
          end if;
          if tg_op <> 'DELETE' then
            insert into {table}_past (id, item) values (new.id, new);
          end if;
          return null;
        end $$;
        create trigger keep after insert or update or delete on {table}
          for each row execute function {table}_keep();
        """;

    /// <summary>A script that takes all of it away.</summary>
    public string End => $"drop table if exists {table}_past, {table}; drop function if exists {table}_keep";

    /// <summary>A script that forgets what was before. All rows have to be deleted then, and written anew.</summary>
    public string Forget => $"truncate {table}_past";

    /// <summary>What a query of the table gives in a snapshot: the JSON of each row by that of its id.</summary>
    /// <param name="query">The query.</param>
    /// <param name="snapshot">The snapshot; null for now.</param>
    public async Task<SortedDictionary<string, string>> ResultAsync(string query, string? snapshot = null)
    {
        // The table as it was takes its name. A row that has gone has a version that is null.
        var past = snapshot is null
            ? ""
            : $"""
                with {table} as (
                  select (p.item).* from (
                    select distinct on (id) item from {table}_past where pg_visible_in_snapshot(xid, '{snapshot}')
                    order by id, version desc) p
                  where p.item is distinct from null)

                """;
        return new SortedDictionary<string, string>(
            (await postgres.OracleAsync(past + query)).ToDictionary(
                row => JsonNode.Parse(row)!["id"]!.ToJsonString(), row => row),
            StringComparer.Ordinal);
    }
}
