using ChunkStream.DurableStreams.Store;
using Microsoft.Azure.Functions.Worker;

namespace ChunkStream.Functions;

/// <summary>Clears the database of durable streams that are deleted or have expired. Nobody sees them any more by then.</summary>
public sealed class SweepFunctions(DurableStreamSweep sweep)
{
    /// <inheritdoc cref="DurableStreamSweep.RunAsync" />
    [Function("sweep-streams")]
    public Task SweepStreams([TimerTrigger("0 * * * * *")] TimerInfo everyMinute, CancellationToken cancellation)
        => sweep.RunAsync(cancellation);
}
