using System.Buffers;
using System.Text.Json;
using ChunkStream.Formats;
using ChunkStream.Problems;
using ChunkStream.Streaming;

namespace ChunkStream.Chat.Protocols;

/// <summary>The parts of an answer as events of AG-UI.</summary>
/// <param name="parts">The parts, as JSON.</param>
/// <param name="events">Makes events of them.</param>
internal sealed class AgUiSource(StreamSource parts, AgUiEvents events) : StreamSource
{
    private readonly Queue<byte[]> _events = new();
    private readonly ArrayBufferWriter<byte> _part = new();
    private byte[] _current = [];

    /// <inheritdoc />
    public override StreamSchema Schema => parts.Schema;

    /// <inheritdoc />
    public override async ValueTask<bool> WaitToReadAsync()
    {
        // A part may have no event.
        while (_events.Count == 0)
        {
            if (!await parts.WaitToReadAsync().ConfigureAwait(false))
                return false;
            while (parts.TryRead())
                Add();
        }

        return true;
    }

    /// <inheritdoc />
    public override bool TryRead() => _events.TryDequeue(out _current!);

    /// <inheritdoc />
    public override void WriteRecord(ByteWriter output) => output.Write(_current);

    /// <inheritdoc />
    public override Problem Describe(Exception failure) => parts.Describe(failure);

    /// <inheritdoc />
    public override ValueTask DisposeAsync() => parts.DisposeAsync();

    private void Add()
    {
        var writer = new ByteWriter(_part);
        parts.WriteRecord(writer);
        writer.Commit();
        var part = JsonSerializer.Deserialize(_part.WrittenSpan, ChatJson.Readable.UiChunk)!;
        _part.ResetWrittenCount();
        foreach (var one in events.Add(part))
            _events.Enqueue(JsonSerializer.SerializeToUtf8Bytes(one, ChatJson.Readable.AgUiEvent));
    }
}
