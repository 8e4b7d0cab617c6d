using System.Text.Json;
using ChunkStream.Chat.Protocols;
using ChunkStream.DurableStreams.Recordings;
using ChunkStream.Formats;
using ChunkStream.Problems;
using ChunkStream.Streaming;

namespace ChunkStream.Chat.Runs;

/// <summary>
/// The parts of a recorded answer, from its start to its end. If the recording was cut before it could say how it
/// ended, the last parts say so in its place.
/// </summary>
/// <param name="recording">The recorded parts, as JSON.</param>
internal sealed class ChatReplay(StreamSource recording) : StreamSource
{
    private const string FailedText = "The answer was cut off, because it could not be recorded. Ask again.";
    private const string AbandonedText = "The answer was cut off, because the server that gave it is gone. Ask again.";

    private Queue<byte[]>? _last;
    private byte[]? _current;

    /// <inheritdoc />
    public override StreamSchema Schema => recording.Schema;

    /// <inheritdoc />
    public override ValueTask<bool> WaitToReadAsync()
    {
        if (_last is not null)
            return new ValueTask<bool>(_last.Count > 0);
        var next = recording.WaitToReadAsync();
        return next.IsCompletedSuccessfully ? next : WaitAsync(next);
    }

    /// <inheritdoc />
    public override bool TryRead()
        => _last is null ? recording.TryRead() : _last.TryDequeue(out _current);

    /// <inheritdoc />
    public override void WriteRecord(ByteWriter output)
    {
        if (_current is null)
            recording.WriteRecord(output);
        else
            output.Write(_current);
    }

    /// <inheritdoc />
    public override Problem Describe(Exception failure) => recording.Describe(failure);

    /// <inheritdoc />
    public override ValueTask DisposeAsync() => recording.DisposeAsync();

    private async ValueTask<bool> WaitAsync(ValueTask<bool> next)
    {
        try
        {
            return await next.ConfigureAwait(false);
        }
        catch (RecordingCutException e)
        {
            var (outcome, text) = e.Cut is RecordingCut.Failed
                ? (ChatEnd.Failed, FailedText)
                : (ChatEnd.Abandoned, AbandonedText);
            _last = new(AnswerParts.Last(outcome, text)
                .Select(part => JsonSerializer.SerializeToUtf8Bytes(part, ChatJson.Readable.UiChunk)));
            return true;
        }
    }
}
