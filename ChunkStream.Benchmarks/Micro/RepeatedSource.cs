using ChunkStream.Formats;
using ChunkStream.Streaming;

namespace ChunkStream.Benchmarks.Micro;

/// <summary>The same record so many times, from memory: what is left is the work of those around it.</summary>
/// <param name="record">The record, encoded.</param>
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
