using ChunkStream.Functions.Tests.Support;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres;

[Collection(RealPostgres.Collection)]
public sealed class SystemTablesTests(RealPostgres postgres)
{
    [Fact]
    public async Task Every_row_of_every_system_table_is_what_row_to_json_gives()
    {
        // ANALYZE gives pg_stats rows, and with them values of type anyarray.
        await postgres.ExecuteAsync("analyze pg_class");
        var relations = await postgres.ColumnAsync("""
            select format('%I.%I', nspname, relname) from pg_class join pg_namespace n on n.oid = relnamespace
            where nspname in ('pg_catalog', 'information_schema') and relkind in ('r', 'v', 'm') order by 1
            """);
        Assert.True(relations.Length > 150);

        foreach (var relation in relations)
        {
            if (await DifferenceAsync(relation) is null)
                continue;

            // The view depends on the session or the time. So both sides read one copy of its rows.
            try
            {
                await postgres.ExecuteAsync(
                    $"drop table if exists told_once; create table told_once as select * from {relation}");
            }
            catch (PostgresException notHere) when (notHere.SqlState == PostgresErrorCodes.InternalError)
            {
                continue;
            }

            var difference = await DifferenceAsync("told_once");
            Assert.True(difference is null, $"{relation}: {difference}");
        }
    }

    /// <summary>
    /// The first row that differs, or null. Order does not count, because a cursor may have another plan than the
    /// oracle.
    /// </summary>
    private async Task<string?> DifferenceAsync(string relation)
    {
        try
        {
            var ours = (await postgres.StreamedAsync($"select * from {relation}").Within())
                .Order(StringComparer.Ordinal).ToArray();
            var oracle = (await postgres.OracleAsync($"select * from {relation}").Within())
                .Order(StringComparer.Ordinal).ToArray();
            return ours.SequenceEqual(oracle)
                ? null
                : $"{ours.Except(oracle).FirstOrDefault()} <> {oracle.Except(ours).FirstOrDefault()}";
        }
        catch (PostgresException failure)
        {
            return failure.Message;
        }
    }
}
