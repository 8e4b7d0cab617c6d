using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ChunkStream.Streaming;

/// <summary>What all streams of a process share.</summary>
internal sealed class StreamEngine(IOptions<StreamingOptions> options, TimeProvider time, ILogger<StreamEngine> logger)
{
    public StreamingOptions Options { get; } = options.Value;

    public TimeProvider Time { get; } = time;

    public StreamLog Log { get; } = new(logger);
}
