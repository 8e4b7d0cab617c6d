using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace ChunkStream.DurableStreams.Store;

/// <summary>
/// Removes what has expired or was deleted from the database. For clients it is gone already. Several instances may
/// sweep at once, and none waits for another.
/// </summary>
public sealed class DurableStreamSweep
{
    // The bounds of one transaction, which is a fraction of a second of work.
    private const int StreamsAtATime = 200;
    private const int ChunksAtATime = 2_000;

    private readonly DurableDatabase _database;
    private readonly DurableStore _store;
    private readonly Counter<long> _removed;

    internal DurableStreamSweep(DurableDatabase database, DurableStore store, IMeterFactory meters)
    {
        (_database, _store) = (database, store);
        _removed = meters.Create(ChunkStreamTelemetry.MeterName).CreateCounter<long>(
            "chunkstream.sweep.removed", "{item}", "Streams and chunks that were removed from the database.");
    }

    /// <summary>
    /// Sweeps until nothing is due. Where no stream was ever made it does nothing, and makes no tables.
    /// </summary>
    /// <param name="cancellation">Ends it after the transaction that is under way.</param>
    /// <exception cref="Npgsql.NpgsqlException">The database can't be reached.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        if (!await _database.HasSchemaAsync(cancellation).ConfigureAwait(false))
            return;
        while (await SweepAsync(cancellation).ConfigureAwait(false) is > 0 and var removed)
        {
            _removed.Add(removed);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    private Task<int> SweepAsync(CancellationToken cancellation)
        => _store.SweepAsync(StreamsAtATime, ChunksAtATime, cancellation);
}

/// <summary>Sweeps from time to time while the host runs.</summary>
internal sealed class DurableStreamSweepService(
    IServiceProvider services, IOptions<DurableStreamOptions> options, TimeProvider time, DurableLog log)
    : BackgroundService
{
    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.SweepSeconds == 0)
            return;
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(options.Value.SweepSeconds), time);
        var isFailing = false;

        // Not before it is needed: it makes the pools of connections.
        DurableStreamSweep? sweep = null;
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
        {
            try
            {
                sweep ??= services.GetRequiredService<DurableStreamSweep>();
                await sweep.RunAsync(stoppingToken).ConfigureAwait(false);
                isFailing = false;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                if (!isFailing)
                    log.NotSwept(e);
                isFailing = true;
            }
        }
    }
}
