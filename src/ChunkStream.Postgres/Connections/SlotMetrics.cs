using System.Diagnostics.Metrics;

namespace ChunkStream.Postgres.Connections;

/// <summary>What an operator sees of the connections that streams share: how many are in use, and who waits.</summary>
internal static class SlotMetrics
{
    private const string Wait = "chunkstream.wait";

    /// <summary>Adds the instruments of a database. They are read when somebody collects them.</summary>
    /// <param name="meters">Makes the meter.</param>
    /// <param name="slots">The connections of the database.</param>
    public static void Add(IMeterFactory meters, ConnectionSlots slots)
    {
        var meter = meters.Create(ChunkStreamTelemetry.MeterName);
        meter.CreateObservableUpDownCounter(
            "chunkstream.connection.used",
            () => slots.Used,
            "{connection}",
            "Connections of the configured database that streams of queries hold.");
        meter.CreateObservableUpDownCounter(
            "chunkstream.connection.limit",
            () => slots.Limit,
            "{connection}",
            "How many of them they may hold.");
        meter.CreateObservableUpDownCounter(
            "chunkstream.connection.waiting",
            () => Waiting(slots.Waiting),
            "{stream}",
            "Streams that wait for one of them.");
    }

    private static Measurement<int>[] Waiting((int Newcomers, int Returning) waiting) =>
    [
        new(waiting.Newcomers, new KeyValuePair<string, object?>(Wait, "newcomer")),
        new(waiting.Returning, new KeyValuePair<string, object?>(Wait, "returning")),
    ];
}
