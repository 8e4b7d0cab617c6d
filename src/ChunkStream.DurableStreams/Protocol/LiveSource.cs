using ChunkStream.DurableStreams.Live;
using ChunkStream.Formats;
using ChunkStream.Http;
using ChunkStream.Postgres.Failures;
using ChunkStream.Problems;
using ChunkStream.Streaming;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>
/// What a stream has from a position on, and then whatever is appended, as events, for as long as a live response
/// lasts. What many readers are given is made into bytes once.
/// </summary>
internal sealed class LiveSource : StreamSource
{
    private readonly LiveReader? _reader;
    private readonly LiveContent _content;
    private readonly long _cursorFloor;
    private readonly TimeProvider _time;
    private readonly CancellationToken _cancellation;
    private readonly CancellationTokenSource _duration;
    private readonly CancellationTokenSource _untilEnd;

    // The event to write next, and the one that was written last.
    private LiveEvent? _next;
    private LiveEvent? _last;
    private byte[] _unfinished = [];
    private Task? _waiting;

    /// <param name="answer">What the response gives, and for how long.</param>
    /// <param name="time">The clock that measures how long.</param>
    /// <param name="cancellation">When it is cancelled, the response ends.</param>
    public LiveSource(LiveAnswer answer, TimeProvider time, CancellationToken cancellation)
    {
        (_reader, _content, _cursorFloor) = (answer.Reader, answer.Content, answer.CursorFloor);
        (_time, _cancellation) = (time, cancellation);
        _duration = new CancellationTokenSource(answer.Duration, time);
        _untilEnd = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _duration.Token);
        _next = EventOf(answer.First);
    }

    /// <inheritdoc />
    public override StreamSchema Schema { get; } = new([]);

    /// <summary>Where the reader is.</summary>
    public override ReadOnlySpan<byte> Checkpoint => _last is null ? [] : _last.Offset.Span;

    /// <inheritdoc />
    public override ValueTask<bool> WaitToReadAsync()
    {
        if (_next is not null)
            return new ValueTask<bool>(true);
        if (_reader is null || _last is { Closed: true })
            return new ValueTask<bool>(false);

        var waiting = NextEventAsync(_reader);
        if (waiting.IsCompletedSuccessfully)
            return waiting;
        var task = waiting.AsTask();
        _waiting = task;
        return new ValueTask<bool>(task);
    }

    /// <inheritdoc />
    public override bool TryRead() => _next is not null;

    /// <inheritdoc />
    public override void WriteRecord(ByteWriter output)
    {
        (_last, _next) = (_next!, null);
        output.Write(_last.Bytes.Span);
        if (_last.Closed)
        {
            output.Write(",\"upToDate\":true,\"streamClosed\":true}\n\n"u8);
            return;
        }

        output.Write(",\"streamCursor\":\""u8);
        var cursor = Math.Max(_cursorFloor, CacheCursor.Current(_time.GetUtcNow()));
        cursor.TryFormat(output.GetSpan(20), out var length);
        output.Advance(length);
        output.Write(_last.UpToDate ? "\",\"upToDate\":true}\n\n"u8 : "\"}\n\n"u8);
    }

    /// <inheritdoc />
    public override Problem Describe(Exception failure) => PostgresFailures.Describe(failure);

    /// <inheritdoc />
    public override async ValueTask DisposeAsync()
    {
        await _untilEnd.CancelAsync().ConfigureAwait(false);
        await (_waiting ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _untilEnd.Dispose();
        _duration.Dispose();
    }

    private async ValueTask<bool> NextEventAsync(LiveReader reader)
    {
        try
        {
            while (_next is null)
            {
                _untilEnd.Token.ThrowIfCancellationRequested();
                if (await reader.NextAsync(_untilEnd.Token).ConfigureAwait(false) is not { } segment)
                    return false;
                _next = EventOf(segment);
            }

            return true;
        }
        catch (OperationCanceledException) when (!_cancellation.IsCancellationRequested)
        {
            // The response has lasted long enough; the reader comes again.
            return false;
        }
    }

    /// <summary>
    /// The events of a segment, or null where it only begins a character that the next one ends. Where we ourselves
    /// have parted a text, no event ends in mid-character, or between the two characters of a line break.
    /// </summary>
    private LiveEvent? EventOf(LiveSegment segment)
    {
        var isParted = _content is LiveContent.Text && !segment.UpToDate;
        var unfinished = isParted ? LiveEvents.Unfinished(segment.Data.Span) : 0;
        if (unfinished == 0 && _unfinished.Length == 0)
            return segment.Event(_content);

        byte[] data = [.. _unfinished, .. segment.Data.Span];
        unfinished = isParted ? LiveEvents.Unfinished(data) : 0;
        _unfinished = data[^unfinished..];
        if (unfinished == data.Length)
            return null;
        var finished = segment with
        {
            Data = data.AsMemory(0, data.Length - unfinished),
            Next = segment.Next - unfinished,
        };
        return LiveEvents.Encode(finished, _content);
    }
}

/// <summary>What a live response gives.</summary>
/// <param name="First">What was read so far.</param>
/// <param name="Reader">Gives the rest; null if the stream is closed after the first segment.</param>
/// <param name="Content">What the data are.</param>
internal sealed record LiveAnswer(LiveSegment First, LiveReader? Reader, LiveContent Content)
{
    /// <summary>The lowest cache cursor to give.</summary>
    public long CursorFloor { get; init; }

    /// <summary>How long the response lasts.</summary>
    public required TimeSpan Duration { get; init; }
}
