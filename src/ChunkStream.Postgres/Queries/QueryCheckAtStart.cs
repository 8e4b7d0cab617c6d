using ChunkStream.Streaming;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ChunkStream.Postgres.Queries;

/// <summary>
/// Checks the query files when the process starts, so that the log says which of them are broken. A request for which
/// the process was started comes first: before its answer begins, no file is read and no pool of connections is made.
/// </summary>
internal sealed class QueryCheckAtStart(FirstResponse first, TimeProvider time, IServiceProvider services)
    : BackgroundService
{
    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await first.WaitAsync(time, stoppingToken).ConfigureAwait(false);
        await services.GetRequiredService<QueryCatalogue>().CheckAllAsync(stoppingToken).ConfigureAwait(false);
    }
}
