using System.Globalization;
using ChunkStream.DurableStreams.Live;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary><c>GET</c>: a part of a stream, from a position to its end as it is now; or what comes after it, for who waits.</summary>
internal sealed class ReadResult(DurableCall call) : DurableResult(call)
{
    // An event is made in memory whole.
    private const int MaxEventBytes = 64 * 1024;

    private TimeProvider Time => Call.Engine.Time;

    /// <inheritdoc />
    protected override async Task AnswerAsync(HttpRequest request, HttpResponse response, CancellationToken cancellation)
    {
        var (read, problem) = ReadRequest.Of(request.Query);
        if (problem is not null)
        {
            await RefuseAsync(response, problem).ConfigureAwait(false);
            return;
        }

        var stored = await Call.Store.ReadAsync(Call.Path, read.From, FirstBytes(request, read), cancellation).ConfigureAwait(false);
        problem = Absent(stored.Presence) ?? (read.From > stored.Stream!.Tail ? DurableProblems.OffsetBeyondTail : null);
        if (problem is not null)
            await RefuseAsync(response, problem).ConfigureAwait(false);
        else if (read.Live is LiveMode.Sse)
            await FollowAsync(response, read, stored).ConfigureAwait(false);
        else if (read.Live is LiveMode.LongPoll && stored.Next == stored.Start)
            await PollAsync(response, read, stored, cancellation).ConfigureAwait(false);
        else
            await SendAsync(response, read, Part.Of(stored, Call.Options)).ConfigureAwait(false);
    }

    // Who has a part already mostly has it still, and needs no data.
    private int FirstBytes(HttpRequest request, ReadRequest read)
        => read.Live is LiveMode.Sse ? Math.Min(MaxEventBytes, Call.Options.SegmentBytes)
            : request.Headers.ContainsKey(HeaderNames.IfNoneMatch) ? 1
            : Call.Options.SegmentBytes;

    private async Task SendAsync(HttpResponse response, ReadRequest read, Part part)
    {
        var (stream, first) = (part.Stream, part.First);
        SetTail(response, part.End, part.IsClosed);
        if (part.IsUpToDate)
            response.Headers[ProtocolHeaders.UpToDate] = ProtocolHeaders.True;
        if (read.Live is LiveMode.LongPoll)
            SetCursor(response, read);

        // Where 'now' was, nobody knows later.
        var tag = read.From is null ? null : ReadCaching.Tag(stream, first.Start, part.End, part.IsClosed);
        if (tag is not null)
        {
            var isNothingYet = part.End == first.Start && !part.IsClosed;
            response.Headers.ETag = tag.ToString();
            response.Headers.CacheControl = ReadCaching.Control(stream, Call.IsPublic, isNothingYet, Time.GetUtcNow());
            response.Headers.Vary = HeaderNames.AcceptEncoding;
            if (ReadCaching.IsKnown(response.HttpContext.Request, tag))
            {
                response.StatusCode = StatusCodes.Status304NotModified;
                return;
            }
        }

        var format = new CatchUpFormat(stream.ContentType, stream.IsJson, part.Bytes);
        await new StreamResult(
            new OfferedStream(Call.Name, (_, token) => new CatchUpSource(Call.Store, first, part.End, Call.Options.SegmentBytes, token)),
            format,
            SetHeaders).ExecuteAsync(response.HttpContext).ConfigureAwait(false);

        void SetHeaders(HttpResponse response)
        {
            if (response.Headers.ContentEncoding.Count == 0)
                response.ContentLength = part.Bytes;
            else if (tag is not null)
                response.Headers.ETag = ReadCaching.Weak(tag).ToString();
        }
    }

    private async Task PollAsync(HttpResponse response, ReadRequest read, StoredSegment stored, CancellationToken cancellation)
    {
        var stream = stored.Stream!;
        var segment = stream.Closed ? NothingMore(stored) : await NextSegmentAsync(stored, cancellation).ConfigureAwait(false);
        if (segment is null)
        {
            await RefuseAsync(response, DurableProblems.NoStream).ConfigureAwait(false);
        }
        else if (segment.Data.IsEmpty)
        {
            SetTail(response, segment.Next, segment.Closed);
            response.Headers[ProtocolHeaders.UpToDate] = ProtocolHeaders.True;
            SetCursor(response, read);
            response.StatusCode = StatusCodes.Status204NoContent;
        }
        else
        {
            await SendAsync(response, read, Part.Of(segment, stream)).ConfigureAwait(false);
        }
    }

    /// <summary>What comes next; an empty segment if nothing does in time; null if the stream is gone.</summary>
    private async Task<LiveSegment?> NextSegmentAsync(StoredSegment stored, CancellationToken cancellation)
    {
        using var duration = new CancellationTokenSource(TimeSpan.FromSeconds(Call.Options.LongPollSeconds), Time);
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(cancellation, duration.Token);
        using var reader = Call.Live.Follow(stored.Stream!, stored.Next);
        try
        {
            return await reader.NextAsync(wait.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (wait.IsCancellationRequested)
        {
            // Also where the process stops: the client asks another one.
            return NothingMore(stored) with { Closed = false };
        }
    }

    private async Task FollowAsync(HttpResponse response, ReadRequest read, StoredSegment stored)
    {
        var stream = stored.Stream!;
        var first = LiveSegment.Of(stored)!;
        var content = stream.IsJson ? LiveContent.Messages : ContentTypes.IsText(stream.ContentType) ? LiveContent.Text : LiveContent.Binary;
        using var reader = first.Closed ? null : Call.Live.Follow(stream, stored.Next);
        await new StreamResult(
            new OfferedStream(Call.Name, (_, token) => new LiveSource(
                first,
                reader,
                content,
                CacheCursor.Floor(read.Cursor, Time.GetUtcNow()),
                TimeSpan.FromSeconds(Call.Options.SseSeconds * (0.9 + (0.2 * Random.Shared.NextDouble()))),
                Time,
                token)),
            LiveFormat.Instance,
            SetHeaders).ExecuteAsync(response.HttpContext).ConfigureAwait(false);

        void SetHeaders(HttpResponse response)
        {
            response.Headers.CacheControl = "no-cache, no-store, no-transform";
            response.Headers["X-Accel-Buffering"] = "no";
            if (content is LiveContent.Binary)
                response.Headers[ProtocolHeaders.SseDataEncoding] = "base64";
            if (first.Closed && first.Data.IsEmpty)
            {
                SetTail(response, first.Next, closed: true);
                response.Headers[ProtocolHeaders.UpToDate] = ProtocolHeaders.True;
            }
        }
    }

    private static LiveSegment NothingMore(StoredSegment stored)
        => new(stored.Start, stored.Start, ReadOnlyMemory<byte>.Empty, UpToDate: true, stored.Stream!.Closed);

    private void SetCursor(HttpResponse response, ReadRequest read)
    {
        var now = Time.GetUtcNow();
        response.Headers[ProtocolHeaders.Cursor] = Math.Max(CacheCursor.Floor(read.Cursor, now), CacheCursor.Current(now)).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>The part of a stream that a response has.</summary>
    /// <param name="Stream">The stream.</param>
    /// <param name="First">What of it was read so far.</param>
    /// <param name="End">Where it ends.</param>
    /// <param name="IsUpToDate">Whether there is nothing after it.</param>
    /// <param name="IsClosed">Whether there will never be.</param>
    private sealed record Part(DurableStream Stream, StoredSegment First, long End, bool IsUpToDate, bool IsClosed)
    {
        public static Part Of(StoredSegment first, DurableStreamOptions options)
        {
            var stream = first.Stream!;
            var most = first.Start + (stream.IsJson ? options.ReadMessages : options.ReadBytes);
            var end = Math.Max(first.Next, Math.Min(most, stream.Tail));
            return new Part(stream, first, end, end == stream.Tail, end == stream.Tail && stream.Closed);
        }

        public static Part Of(LiveSegment segment, DurableStream stream)
            => new(stream, new StoredSegment(Presence.Present, stream, segment.Start, segment.Next, segment.Data), segment.Next, segment.UpToDate, segment.Closed);

        /// <summary>How many bytes its body has, or null where that is not known before all of it is read.</summary>
        public long? Bytes => !Stream.IsJson ? End - First.Start : First.Next == End ? First.Data.Length + 2 : null;
    }
}
