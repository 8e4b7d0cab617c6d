using Microsoft.Extensions.Hosting;

namespace ChunkStream.Postgres.Queries;

/// <summary>
/// Checks the query files when the process starts, beside its first requests: what is broken is in the log by then.
/// </summary>
internal sealed class QueryCheckAtStart(QueryCatalogue catalogue) : BackgroundService
{
    /// <inheritdoc />
    protected override Task ExecuteAsync(CancellationToken stoppingToken)
        => catalogue.CheckAllAsync(stoppingToken);
}
