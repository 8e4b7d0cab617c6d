using ChunkStream.DurableStreams.Store;
using Microsoft.Azure.Functions.Worker;

namespace ChunkStream.Functions;

/// <summary>
/// Removes durable streams that were deleted or have expired from the database. By then no client sees them any more.
/// </summary>
public sealed class SweepFunctions(DurableStreamSweep sweep)
{
    /// <inheritdoc cref="DurableStreamSweep.RunAsync" />
    [Function("sweep-streams")]
    public Task SweepStreams([TimerTrigger("0 * * * * *")] TimerInfo everyMinute, CancellationToken cancellation)
        => sweep.RunAsync(cancellation);
}
