using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace ChunkStream.Postgres.Connections;

/// <summary>
/// What an operator sees of the connections that streams share: how many are in use, and who waits, for each pool.
/// </summary>
internal static class SlotMetrics
{
    // As Npgsql's own metrics tag its pools, so that both can be looked at side by side.
    private const string Pool = "db.client.connection.pool.name";

    private const string Wait = "chunkstream.wait";

    /// <summary>Adds the instruments. They are read when somebody collects them.</summary>
    /// <param name="meters">Makes the meter.</param>
    /// <param name="databases">The databases that there are at that moment.</param>
    public static void Add(IMeterFactory meters, Func<IEnumerable<PostgresDatabase>> databases)
    {
        var meter = meters.Create(ChunkStreamTelemetry.MeterName);
        meter.CreateObservableUpDownCounter(
            "chunkstream.connection.used",
            () => Sums(databases(), slots => slots.Used),
            "{connection}",
            "Connections of a pool that streams of queries hold.");
        meter.CreateObservableUpDownCounter(
            "chunkstream.connection.limit",
            () => Sums(databases(), slots => slots.Limit),
            "{connection}",
            "How many of them they may hold.");
        meter.CreateObservableUpDownCounter(
            "chunkstream.connection.waiting",
            () => Sums(databases(), slots => slots.Waiting.Newcomers, "newcomer")
                .Concat(Sums(databases(), slots => slots.Waiting.Returning, "returning")),
            "{stream}",
            "Streams that wait for one of them.");
    }

    // Of several measurements with the same tags a reader would keep one. Pools may have the same name: those of
    // several tenants, or those that were closed and are not forgotten yet.
    private static IEnumerable<Measurement<int>> Sums(
        IEnumerable<PostgresDatabase> databases, Func<ConnectionSlots, int> value, string? wait = null)
        => databases.GroupBy(database => database.PoolName).Where(pool => pool.Key is not null).Select(pool =>
        {
            var tags = new TagList { { Pool, pool.Key } };
            if (wait is not null)
                tags.Add(Wait, wait);
            return new Measurement<int>(pool.Sum(database => value(database.Slots)), tags);
        });
}
