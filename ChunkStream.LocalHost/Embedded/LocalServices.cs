namespace ChunkStream.LocalHost.Embedded;

/// <summary>The services that a run has started beside the web host. Disposing stops them, the newest first.</summary>
internal sealed class LocalServices : IAsyncDisposable
{
    // The engine's pool alone may use up Postgres's default of 100; psql or a function app needs connections too.
    private static readonly Dictionary<string, string> PostgresSettings = new() { ["max_connections"] = "200" };

    private readonly Stack<IAsyncDisposable> _started = new();

    /// <summary>Starts the embedded Postgres, loads the sample data into it, and keeps it running.</summary>
    /// <param name="options">The folder and port of Postgres.</param>
    /// <param name="data">The sample data; null for none.</param>
    /// <param name="rows">How many rows to load; null for the data's default.</param>
    /// <param name="cancellation">Ends the start.</param>
    public async Task<EmbeddedPostgres> StartPostgresAsync(
        LocalHostOptions options, ISampleData? data, long? rows, CancellationToken cancellation)
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

        if (data is not null)
        {
            var database = new SampleDatabase(
                postgres.ConnectionString, rows ?? data.DefaultRows, options.StatePath ?? StateFolder.Default);
            await data.LoadAsync(database, cancellation);
            _started.Push(new ChangingData(data, database));
        }

        ConsoleLines.Out.Report($"The embedded Postgres: {postgres.PsqlCommand}");
        return postgres;
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
