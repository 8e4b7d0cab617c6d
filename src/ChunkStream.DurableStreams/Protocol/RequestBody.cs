using System.Buffers;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>Reads a body that has to be in memory whole: up to a limit, where there is room for it, and while it comes.</summary>
internal static class RequestBody
{
    // Who still sends hears an answer only if the server takes that in (Kestrel does so for 5 s, and drops it); and is cut off if it
    // is too much by so many bytes.
    private const long Tolerated = 64 * 1024 * 1024;

    // Of one that doesn't say how long it will be.
    private const int FirstBytes = 16 * 1024;

    /// <summary>The body; or a problem as soon as there is one, with the rest of it unread.</summary>
    /// <param name="request">The request.</param>
    /// <param name="place">The room that the body has, from its first byte on.</param>
    /// <param name="options">How large it may be, and how slow.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="BadHttpRequestException">It broke off, came too slowly, or is no valid HTTP.</exception>
    public static async Task<(ReadOnlyMemory<byte> Body, Problem? Problem)> ReadAsync(
        HttpRequest request, AppendRoom.Place place, DurableStreamOptions options, TimeProvider time, CancellationToken cancellation)
    {
        var maxBytes = options.MaxAppendBytes;
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } server)
            server.MaxRequestBodySize = maxBytes + Tolerated;
        if (request.ContentLength > maxBytes)
            return (default, DurableProblems.BodyTooLarge(maxBytes));
        if (request.ContentLength == 0)
            return (default, null);

        try
        {
            using var watch = new BodyWatch(request.BodyReader, options, time);
            var (body, problem) = await ReadToEndAsync(request, place, maxBytes, watch, cancellation).ConfigureAwait(false);
            place.HasAll();
            return (body, problem);
        }
        catch (BadHttpRequestException refused) when (refused.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return (default, DurableProblems.BodyTooLarge(maxBytes));
        }
        catch (BadHttpRequestException refused) when (refused.StatusCode == StatusCodes.Status408RequestTimeout)
        {
            return (default, DurableProblems.BodyTooSlow);
        }
        catch (IOException broken) when (broken is not BadHttpRequestException)
        {
            // The server's, of a chunk's size that no number can hold.
            throw new BadHttpRequestException(broken.Message, broken);
        }
    }

    private static async Task<(ReadOnlyMemory<byte> Body, Problem? Problem)> ReadToEndAsync(
        HttpRequest request, AppendRoom.Place place, int maxBytes, BodyWatch watch, CancellationToken cancellation)
    {
        byte[] body = [];
        var length = 0;
        if (Grow((int)(request.ContentLength ?? Math.Min(FirstBytes, maxBytes))) is { } full)
            return (default, full);
        while (true)
        {
            var reading = request.BodyReader.ReadAsync(cancellation);
            if (!reading.IsCompleted)
                watch.Begin();
            var read = await reading.ConfigureAwait(false);
            var problem = read.IsCanceled ? DurableProblems.BodyTooSlow
                : length + read.Buffer.Length > maxBytes ? DurableProblems.BodyTooLarge(maxBytes)
                : length + read.Buffer.Length <= body.Length ? null
                : Grow((int)Math.Min(maxBytes, Math.Max(2L * body.Length, length + read.Buffer.Length)));
            if (problem is null)
            {
                read.Buffer.CopyTo(body.AsSpan(length));
                length += (int)read.Buffer.Length;
                watch.Received(read.Buffer.Length);
            }

            request.BodyReader.AdvanceTo(read.Buffer.End);
            if (problem is not null)
                return (default, problem);
            if (read.IsCompleted)
                return (body.AsMemory(0, length), null);
        }

        Problem? Grow(int bytes)
        {
            if (place.Hold(AppendRoom.RequestCost + bytes, isReceiving: true) is { } none)
                return none;
            var larger = GC.AllocateUninitializedArray<byte>(bytes);
            body.AsSpan(0, length).CopyTo(larger);
            body = larger;
            return null;
        }
    }
}
