using System.Buffers;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>
/// Reads bodies that have to be in memory whole: up to a limit, where there is room for them, and while they come.
/// </summary>
/// <param name="room">The memory that the process has for bodies.</param>
/// <param name="options">How large a body may be, and how slow.</param>
/// <param name="time">The clock that measures how slow it is.</param>
internal sealed class BodyReader(AppendRoom room, IOptions<DurableStreamOptions> options, TimeProvider time)
{
    // A client that is still sending reads no answer before the server has taken in what it sends (Kestrel goes on
    // receiving for 5 s, and drops it). A client that sends this many bytes too much is cut off.
    private const long Tolerated = 64 * 1024 * 1024;

    // The first buffer for a body that doesn't say how long it will be.
    private const int FirstBytes = 16 * 1024;

    /// <summary>The place in memory that a body for a stream will have. It holds nothing yet.</summary>
    public AppendRoom.Place Open(string path) => room.Open(path);

    /// <summary>Reads the body.</summary>
    /// <param name="request">The request.</param>
    /// <param name="place">The place that the body has, from its first byte on.</param>
    /// <param name="cancellation">When it is cancelled, the reading ends.</param>
    /// <exception cref="ProblemException">
    /// It is refused, as soon as that is known, with the rest of it unread: 408, 413, 503.
    /// </exception>
    /// <exception cref="BadHttpRequestException">It broke off, or is not valid HTTP.</exception>
    public async Task<ReadOnlyMemory<byte>> ReadAsync(
        HttpRequest request, AppendRoom.Place place, CancellationToken cancellation)
    {
        var maxBytes = options.Value.MaxAppendBytes;
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } server)
            server.MaxRequestBodySize = maxBytes + Tolerated;
        if (request.ContentLength > maxBytes)
            throw new ProblemException(DurableProblems.BodyTooLarge(maxBytes));
        if (request.ContentLength == 0)
            return default;

        try
        {
            using var watch = new BodyWatch(request.BodyReader, options.Value, time);
            var body = await ReadToEndAsync(request, place, watch, cancellation).ConfigureAwait(false);
            place.HasAll();
            return body;
        }
        catch (BadHttpRequestException refused) when (refused.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            throw new ProblemException(DurableProblems.BodyTooLarge(maxBytes), refused);
        }
        catch (BadHttpRequestException refused) when (refused.StatusCode == StatusCodes.Status408RequestTimeout)
        {
            throw new ProblemException(DurableProblems.BodyTooSlow, refused);
        }
        catch (IOException broken) when (broken is not BadHttpRequestException)
        {
            // Kestrel throws this if the size of a chunk is larger than a number can hold.
            throw new BadHttpRequestException(broken.Message, broken);
        }
    }

    /// <summary>Splits a body in JSON mode into its messages. Any other body is given as it is.</summary>
    /// <exception cref="ProblemException">It is not JSON, or has too many messages: 400, 413.</exception>
    public IReadOnlyList<ReadOnlyMemory<byte>> Split(ReadOnlyMemory<byte> body, bool isJson)
        => isJson ? JsonMessages.Split(body, options.Value.MaxAppendMessages) : [body];

    private async Task<ReadOnlyMemory<byte>> ReadToEndAsync(
        HttpRequest request, AppendRoom.Place place, BodyWatch watch, CancellationToken cancellation)
    {
        var maxBytes = options.Value.MaxAppendBytes;
        byte[] body = [];
        var length = 0;
        Grow((int)(request.ContentLength ?? Math.Min(FirstBytes, maxBytes)));
        while (true)
        {
            var reading = request.BodyReader.ReadAsync(cancellation);
            if (!reading.IsCompleted)
                watch.Begin();
            var read = await reading.ConfigureAwait(false);
            try
            {
                if (read.IsCanceled)
                    throw new ProblemException(DurableProblems.BodyTooSlow);
                var needed = length + read.Buffer.Length;
                if (needed > maxBytes)
                    throw new ProblemException(DurableProblems.BodyTooLarge(maxBytes));
                if (needed > body.Length)
                    Grow((int)Math.Min(maxBytes, Math.Max(2L * body.Length, needed)));
                read.Buffer.CopyTo(body.AsSpan(length));
                length += (int)read.Buffer.Length;
                watch.Received(read.Buffer.Length);
            }
            finally
            {
                request.BodyReader.AdvanceTo(read.Buffer.End);
            }

            if (read.IsCompleted)
                return body.AsMemory(0, length);
        }

        void Grow(int bytes)
        {
            place.Hold(AppendRoom.RequestCost + bytes, isReceiving: true);
            var larger = GC.AllocateUninitializedArray<byte>(bytes);
            body.AsSpan(0, length).CopyTo(larger);
            body = larger;
        }
    }
}
