using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using ChunkStream.LocalHost;
using ChunkStream.LocalHost.Embedded;
using Npgsql;
using NpgsqlTypes;

namespace ChunkStream.Demo.Data;

/// <summary>
/// Real data to look at: flights inside the United States in the first three months of 2001, as the Bureau of
/// Transportation Statistics published them and npm's vega-datasets ships them.
/// </summary>
internal static class FlightData
{
    /// <summary>The table's name.</summary>
    public const string Table = "flights";

    /// <summary>How many there are.</summary>
    public const long Rows = 20_000;

    private const string Comment = "ChunkStream demo data: flights, version 1";
    private const long Step = 1000;

    internal static readonly NpmPackage Package = new("vega-datasets", "3.2.1");

    /// <summary>Gives the file with the flights, and gets its package first where that has not been done.</summary>
    /// <exception cref="StartupFailure">It can't be had.</exception>
    public static async Task<string> GetFileAsync(
        string statePath, IProgress<string>? progress, CancellationToken cancellation)
    {
        var folder = await Package.GetAsync(
            Path.Combine(statePath, "npm"), (_, _) => Task.CompletedTask, progress, cancellation);
        return Path.Combine(folder, "data", "flights-20k.json");
    }

    /// <summary>Makes the table, unless it is there.</summary>
    /// <param name="connectionString">The database.</param>
    /// <param name="getFile">Gives the file; asked only where the table has to be made.</param>
    /// <param name="progress">Is told how many rows are there.</param>
    /// <param name="cancellation">Ends it; what is half done is dropped by the next call.</param>
    public static async Task<DemoDataOutcome> EnsureAsync(
        string connectionString,
        Func<CancellationToken, Task<string>> getFile,
        IProgress<long>? progress,
        CancellationToken cancellation)
    {
        await using var table = await DemoTable.OpenAsync(connectionString, Table, cancellation);
        if (await table.FindAsync(Comment, cancellation) is { } found)
            return found;

        await using var file = File.OpenRead(await getFile(cancellation));
        await table.ExecuteAsync(CreateSql, cancellation);
        await CopyAsync(table.Connection, file, progress, cancellation);
        await table.PublishAsync(Comment, cancellation);
        return DemoDataOutcome.Made;
    }

    private const string CreateSql =
        $"""
        create table {DemoTable.BuildingPrefix}{Table} (
          id int not null,
          departed_at timestamp not null,
          origin text not null,
          destination text not null,
          delay int not null,
          distance int not null)
        """;

    private static async Task CopyAsync(
        NpgsqlConnection connection, Stream file, IProgress<long>? progress, CancellationToken cancellation)
    {
        await using var copy = await connection.BeginBinaryImportAsync(
            $"""
            copy {DemoTable.BuildingPrefix}{Table} (id, departed_at, origin, destination, delay, distance)
            from stdin (format binary)
            """,
            cancellation);
        var id = 0;
        var flights = JsonSerializer.DeserializeAsyncEnumerable(file, FlightJson.Default.Flight, cancellation);
        await foreach (var flight in flights)
        {
            await copy.StartRowAsync(cancellation);
            await copy.WriteAsync(++id, NpgsqlDbType.Integer, cancellation);
            var departed = DateTime.ParseExact(flight!.Date, "yyyy/MM/dd HH:mm", CultureInfo.InvariantCulture);
            await copy.WriteAsync(departed, NpgsqlDbType.Timestamp, cancellation);
            await copy.WriteAsync(flight.Origin, NpgsqlDbType.Text, cancellation);
            await copy.WriteAsync(flight.Destination, NpgsqlDbType.Text, cancellation);
            await copy.WriteAsync(flight.Delay, NpgsqlDbType.Integer, cancellation);
            await copy.WriteAsync(flight.Distance, NpgsqlDbType.Integer, cancellation);
            if (id % Step == 0)
                progress?.Report(id);
        }

        await copy.CompleteAsync(cancellation);
    }
}

/// <summary>A flight, as the file has it.</summary>
/// <param name="Date">When it left, local time.</param>
/// <param name="Origin">The airport from which it departed.</param>
/// <param name="Destination">To which.</param>
/// <param name="Delay">By how many minutes it arrived late; early below zero.</param>
/// <param name="Distance">Miles.</param>
internal sealed record Flight(string Date, string Origin, string Destination, int Delay, int Distance);

/// <summary>The JSON of <see cref="Flight"/>, without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Flight))]
internal sealed partial class FlightJson : JsonSerializerContext;
