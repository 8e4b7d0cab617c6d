using System.Globalization;
using ChunkStream.DurableStreams.Access;
using ChunkStream.DurableStreams.Live;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Formats;
using ChunkStream.Http;
using ChunkStream.Identity;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>
/// <c>GET</c>: a part of a stream, from a position to its current end; or, for a client that waits, what comes after
/// it.
/// </summary>
/// <param name="store">Has what was appended so far.</param>
/// <param name="live">Tells what is appended from now on.</param>
/// <param name="options">How much a response has, and how long it lasts.</param>
/// <param name="time">The clock that measures how long.</param>
internal sealed class GetMethod(
    DurableStore store, LiveStreams live, IOptions<DurableStreamOptions> options, TimeProvider time)
    : DurableMethod("GET")
{
    // A whole event is put together in memory.
    private const int MaxEventBytes = 64 * 1024;

    private DurableStreamOptions Options => options.Value;

    /// <inheritdoc />
    public override async Task AnswerAsync(DurableTarget target, HttpContext http, CancellationToken cancellation)
    {
        target.Require(DurableOperations.Read);
        var (request, response) = (http.Request, http.Response);
        var read = ReadRequest.Read(request.Query);
        var stored = await store.ReadAsync(target.Path, read.From, FirstBytes(request, read), cancellation)
            .ConfigureAwait(false);
        Require(stored.Presence);
        if (read.From > stored.Stream!.Tail)
            throw new ProblemException(DurableProblems.OffsetBeyondTail);

        if (read.Live is LiveMode.Sse)
            await FollowAsync(target, response, read, stored).ConfigureAwait(false);
        else if (read.Live is LiveMode.LongPoll && stored.Next == stored.Start)
            await PollAsync(target, response, read, stored, cancellation).ConfigureAwait(false);
        else
            await SendAsync(target, response, read, Part.From(stored, Options)).ConfigureAwait(false);
    }

    // A client that sends If-None-Match has a part already. It will probably keep that, and needs no data.
    private int FirstBytes(HttpRequest request, ReadRequest read)
        => read.Live is LiveMode.Sse ? Math.Min(MaxEventBytes, Options.SegmentBytes)
            : request.Headers.ContainsKey(HeaderNames.IfNoneMatch) ? 1
            : Options.SegmentBytes;

    private async Task SendAsync(DurableTarget target, HttpResponse response, ReadRequest read, Part part)
    {
        var (stream, first) = (part.Stream, part.First);
        SetTail(response, part.End, part.IsClosed);
        if (part.IsUpToDate)
            response.Headers[ProtocolHeaders.UpToDate] = ProtocolHeaders.True;
        if (read.Live is LiveMode.LongPoll)
            SetCursor(response, read);

        // A read from 'now' has no tag, because nobody knows later where 'now' was.
        var tag = read.From is null ? null : ReadCaching.Tag(stream, first.Start, part.End, part.IsClosed);
        if (tag is not null)
        {
            var isNothingYet = part.End == first.Start && !part.IsClosed;
            var caller = response.HttpContext.Features.Get<Caller>();

            // The next user of a browser has other cookies, and no cache knows which of them says who is signed in.
            var isByCookie = caller is not null && response.HttpContext.Request.Headers.Authorization.Count == 0;
            response.Headers.ETag = tag.ToString();
            response.Headers.CacheControl = ReadCaching.Control(
                stream,
                target.Rights.AreEveryones,
                isNothingYet || isByCookie,
                AccessEnd.Of(response.HttpContext),
                time.GetUtcNow());
            // A page of another origin can't read the answer that one of the app's origin was given.
            response.Headers.Vary = caller is null
                ? "Accept-Encoding, Origin"
                : "Accept-Encoding, Origin, Authorization";
            if (ReadCaching.IsKnown(response.HttpContext.Request, tag))
            {
                response.StatusCode = StatusCodes.Status304NotModified;
                return;
            }
        }

        var format = new CatchUpFormat(stream.ContentType, stream.IsJson, part.Bytes);
        await new StreamResult(
            new OfferedStream(
                target.Place.Name,
                (_, token) => new CatchUpSource(store, first, part.End, Options.SegmentBytes, token)),
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

    private async Task PollAsync(
        DurableTarget target,
        HttpResponse response,
        ReadRequest read,
        StoredSegment stored,
        CancellationToken cancellation)
    {
        var stream = stored.Stream!;

        // It lasts as long as nothing is appended.
        HttpMetrics.Exclude(response.HttpContext);
        var segment = stream.Closed ? NothingMore(stored) : await NextSegmentAsync(stored, cancellation)
            .ConfigureAwait(false);
        if (segment.Data.IsEmpty)
        {
            SetTail(response, segment.Next, segment.Closed);
            response.Headers[ProtocolHeaders.UpToDate] = ProtocolHeaders.True;
            SetCursor(response, read);
            response.StatusCode = StatusCodes.Status204NoContent;
        }
        else
        {
            await SendAsync(target, response, read, Part.From(segment, stream)).ConfigureAwait(false);
        }
    }

    /// <summary>What comes next; an empty segment if nothing does in time.</summary>
    /// <exception cref="ProblemException">The stream is gone: 404.</exception>
    private async Task<LiveSegment> NextSegmentAsync(StoredSegment stored, CancellationToken cancellation)
    {
        using var duration = new CancellationTokenSource(TimeSpan.FromSeconds(Options.LongPollSeconds), time);
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(cancellation, duration.Token);
        using var reader = live.Follow(stored.Stream!, stored.Next);
        try
        {
            return await reader.NextAsync(wait.Token).ConfigureAwait(false)
                ?? throw new ProblemException(DurableProblems.NoStream);
        }
        catch (OperationCanceledException) when (wait.IsCancellationRequested)
        {
            // This includes a process that stops: the client then asks another one.
            return NothingMore(stored) with { Closed = false };
        }
    }

    private async Task FollowAsync(DurableTarget target, HttpResponse response, ReadRequest read, StoredSegment stored)
    {
        var stream = stored.Stream!;
        var first = LiveSegment.From(stored)!;
        var content = stream.IsJson ? LiveContent.Messages
            : ContentTypes.IsText(stream.ContentType) ? LiveContent.Text
            : LiveContent.Binary;
        using var reader = first.Closed ? null : live.Follow(stream, stored.Next);
        var answer = new LiveAnswer(first, reader, content)
        {
            CursorFloor = CacheCursor.Floor(read.Cursor, time.GetUtcNow()),
            Duration = TimeSpan.FromSeconds(Options.SseSeconds * (0.9 + (0.2 * Random.Shared.NextDouble()))),
        };
        await new StreamResult(
            new OfferedStream(target.Place.Name, (_, token) => new LiveSource(answer, time, token)),
            EventsFormat.Instance,
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
        var cursor = CacheCursor.Next(read.Cursor, time.GetUtcNow());
        response.Headers[ProtocolHeaders.Cursor] = cursor.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>The part of a stream that a response has.</summary>
    /// <param name="Stream">The stream.</param>
    /// <param name="First">The segment of it that was read already.</param>
    /// <param name="End">Where it ends.</param>
    /// <param name="IsUpToDate">Whether there is nothing after it.</param>
    /// <param name="IsClosed">Whether there will never be.</param>
    private sealed record Part(DurableStream Stream, StoredSegment First, long End, bool IsUpToDate, bool IsClosed)
    {
        public static Part From(StoredSegment first, DurableStreamOptions options)
        {
            var stream = first.Stream!;
            var most = first.Start + (stream.IsJson ? options.ReadMessages : options.ReadBytes);
            var end = Math.Max(first.Next, Math.Min(most, stream.Tail));
            return new Part(stream, first, end, end == stream.Tail, end == stream.Tail && stream.Closed);
        }

        public static Part From(LiveSegment segment, DurableStream stream)
            => new(
                stream,
                new StoredSegment(Presence.Present, stream, segment.Start, segment.Next, segment.Data),
                segment.Next,
                segment.UpToDate,
                segment.Closed);

        /// <summary>How many bytes its body has, or null where that is not known before all of it is read.</summary>
        public long? Bytes => !Stream.IsJson ? End - First.Start : First.Next == End ? First.Data.Length + 2 : null;
    }
}
