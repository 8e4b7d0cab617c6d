using Microsoft.Extensions.Hosting;

namespace ChunkStream.Postgres.Queries;

/// <summary>
/// Checks the query files when the process starts, without delaying its first requests, so that the log says at once
/// which files are broken.
/// </summary>
internal sealed class QueryCheckAtStart(QueryCatalogue catalogue) : BackgroundService
{
    /// <inheritdoc />
    protected override Task ExecuteAsync(CancellationToken stoppingToken)
        => catalogue.CheckAllAsync(stoppingToken);
}
