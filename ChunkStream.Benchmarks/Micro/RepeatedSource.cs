using ChunkStream.Formats;
using ChunkStream.Streaming;

namespace ChunkStream.Benchmarks.Micro;

/// <summary>
/// Gives the same record many times from memory, so that what is measured is the work around the source.
/// </summary>
/// <param name="record">The encoded record.</param>
/// <param name="count">How many times.</param>
internal sealed class RepeatedSource(byte[] record, int count) : StreamSource
{
    private int _left = count;

    /// <inheritdoc />
    public override StreamSchema Schema { get; } = new([new StreamColumn("value", "json")]);

    /// <inheritdoc />
    public override ValueTask<bool> WaitToReadAsync() => new(_left > 0);

    /// <inheritdoc />
    public override bool TryRead() => --_left >= 0;

    /// <inheritdoc />
    public override void WriteRecord(ByteWriter output) => output.Write(record);

    /// <inheritdoc />
    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
