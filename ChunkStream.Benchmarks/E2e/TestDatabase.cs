using System.Globalization;
using Npgsql;

namespace ChunkStream.Benchmarks.E2e;

/// <summary>A database whose <see cref="BenchmarkTable"/> has so many rows.</summary>
/// <param name="ConnectionString">The connection string for Npgsql.</param>
/// <param name="StatePath">The folder for what outlives a run.</param>
internal sealed record TestDatabase(string ConnectionString, string StatePath)
{
    /// <summary>The same as a URL, for the others.</summary>
    public string Url
    {
        get
        {
            var settings = new NpgsqlConnectionStringBuilder(ConnectionString);
            return $"postgresql://{settings.Username}:{settings.Password}@{settings.Host}:{settings.Port}/"
                + settings.Database;
        }
    }

    /// <summary>Makes the database on a server, if it is not there yet.</summary>
    public static async Task<TestDatabase> CreateAsync(
        string server, string statePath, long rows, CancellationToken cancellation)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"rows_{rows}");
        await using (var maintenance = NpgsqlDataSource.Create(server))
        {
            await using var create = maintenance.CreateCommand($"create database {name}");
            await create.ExecuteNonQueryAsync(cancellation);
        }

        var settings = new NpgsqlConnectionStringBuilder(server) { Database = name, Pooling = false };
        await BenchmarkTable.CreateAsync(settings.ConnectionString, rows, cancellation);
        settings.Remove("Pooling");
        await SettleAsync(settings.ConnectionString, cancellation);
        return new TestDatabase(settings.ConnectionString, statePath);
    }

    // Whatever is still to be written to disk is written now, and not during a measurement.
    private static async Task SettleAsync(string connectionString, CancellationToken cancellation)
    {
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var checkpoint = database.CreateCommand("checkpoint");
        checkpoint.CommandTimeout = 0;
        await checkpoint.ExecuteNonQueryAsync(cancellation);
    }
}
