using System.Text.Json;
using ChunkStream.LocalHost.Demo;

namespace ChunkStream.LocalHost.Embedded;

/// <summary>What a run has started beside the web host. Disposing stops it, the last started first.</summary>
internal sealed class LocalServices : IAsyncDisposable
{
    // The engine's pool alone may take Postgres's default of 100; a psql or a function app beside it needs some too.
    private static readonly Dictionary<string, string> PostgresSettings = new() { ["max_connections"] = "200" };

    private readonly Stack<IAsyncDisposable> _started = new();

    /// <summary>Starts the embedded Postgres, makes its demo data, and keeps it running.</summary>
    public async Task<EmbeddedPostgres> StartPostgresAsync(LocalHostOptions options, long rows, CancellationToken cancellation)
    {
        var postgres = await EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions
            {
                StatePath = options.StatePath,
                Port = options.PostgresPort,
                Settings = PostgresSettings,
            },
            ConsoleLines.Out,
            cancellation);
        _started.Push(postgres);
        postgres.Guard(ConsoleLines.Out);

        var outcome = await DemoData.EnsureAsync(
            postgres.ConnectionString, rows, new ConsolePercentage("Demo data", rows), cancellation);
        if (outcome == DemoDataOutcome.NotOurs)
            ConsoleLines.Out.Report($"The table {DemoData.Table} is not the demo data, and is left as it is.");
        await LoadFlightsAsync(postgres.ConnectionString, options, cancellation);
        ConsoleLines.Out.Report($"The embedded Postgres: {postgres.PsqlCommand}");
        return postgres;
    }

    // Worth looking at, and nothing depends on it.
    private static async Task LoadFlightsAsync(string connectionString, LocalHostOptions options, CancellationToken cancellation)
    {
        try
        {
            var outcome = await FlightData.EnsureAsync(
                connectionString,
                cancel => FlightData.GetFileAsync(options.StatePath ?? StateFolder.Default, ConsoleLines.Out, cancel),
                new ConsolePercentage("Flights", FlightData.Rows),
                cancellation);
            if (outcome == DemoDataOutcome.NotOurs)
                ConsoleLines.Out.Report($"The table {FlightData.Table} is not the demo data, and is left as it is.");
        }
        catch (Exception e) when (e is StartupFailure or IOException or JsonException)
        {
            ConsoleLines.Out.Report($"Going on without the table {FlightData.Table}: {e.Message.Split('\n')[0]}");
        }
    }

    /// <summary>Starts Azurite.</summary>
    public async Task StartAzuriteAsync(LocalHostOptions options, CancellationToken cancellation) =>
        _started.Push(await Azurite.StartAsync(
            Path.GetFullPath(options.StatePath ?? StateFolder.Default), ConsoleLines.Out, cancellation));

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        while (_started.TryPop(out var service))
            await service.DisposeAsync();
    }
}
