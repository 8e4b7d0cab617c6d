using ChunkStream.Streaming;
using Microsoft.Extensions.Hosting;

namespace ChunkStream.DurableStreams.Access;

/// <summary>
/// Reads the policy when the process starts, so that the log says what is wrong with it. A request for which the
/// process was started comes first.
/// </summary>
internal sealed class PolicyCheckAtStart(FirstResponse first, TimeProvider time, PolicyFile policy) : BackgroundService
{
    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await first.WaitAsync(time, stoppingToken).ConfigureAwait(false);
        _ = policy.Current;
    }
}
