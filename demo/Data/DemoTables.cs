using System.Text.Json;
using ChunkStream.LocalHost;

namespace ChunkStream.Demo.Data;

/// <summary>
/// The demo's tables: <c>large_table</c>, made of numbers; <c>departures</c>, which changes; and <c>flights</c>, loaded
/// from npm.
/// </summary>
internal sealed class DemoTables : ISampleData
{
    private bool _hasBoard;

    /// <inheritdoc />
    public string Table => DemoData.Table;

    /// <summary>A million: made in seconds, and large enough to see streaming.</summary>
    public long DefaultRows => 1_000_000;

    /// <inheritdoc />
    public long MostRows => 1_000_000_000;

    /// <inheritdoc />
    public async Task LoadAsync(SampleDatabase database, CancellationToken cancellation)
    {
        Tell(DemoData.Table, await DemoData.EnsureAsync(
            database.ConnectionString, database.Rows, new ConsolePercentage("Demo data", database.Rows), cancellation));
        var board = await DepartureData.EnsureAsync(database.ConnectionString, cancellation);
        Tell(DepartureData.Table, board);
        _hasBoard = board != DemoDataOutcome.NotOurs;
        try
        {
            Tell(FlightData.Table, await FlightData.EnsureAsync(
                database.ConnectionString,
                cancel => FlightData.GetFileAsync(database.StatePath, ConsoleLines.Out, cancel),
                new ConsolePercentage("Flights", FlightData.Rows),
                cancellation));
        }
        catch (Exception e) when (e is StartupFailure or IOException or JsonException)
        {
            // The flights are worth looking at, and nothing depends on them.
            ConsoleLines.Out.Report($"Going on without the table {FlightData.Table}: {e.Message.Split('\n')[0]}");
        }
    }

    /// <inheritdoc />
    public Task KeepChangingAsync(SampleDatabase database, CancellationToken cancellation)
        => _hasBoard ? DepartureData.KeepChangingAsync(database.ConnectionString, cancellation) : Task.CompletedTask;

    private static void Tell(string table, DemoDataOutcome outcome)
    {
        if (outcome == DemoDataOutcome.NotOurs)
            ConsoleLines.Out.Report($"The table {table} is not the demo data, and is left as it is.");
    }
}
