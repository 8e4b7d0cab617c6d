using System.IO.Pipelines;

namespace ChunkStream.Benchmarks.Micro;

/// <summary>A response whose reader takes everything at once.</summary>
internal sealed class DiscardingWriter : PipeWriter
{
    private readonly byte[] _block = new byte[64 * 1024];

    public override void Advance(int bytes)
    {
    }

    public override void CancelPendingFlush()
    {
    }

    public override void Complete(Exception? exception = null)
    {
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => default;

    public override Memory<byte> GetMemory(int sizeHint = 0) => _block;

    public override Span<byte> GetSpan(int sizeHint = 0) => _block;
}
