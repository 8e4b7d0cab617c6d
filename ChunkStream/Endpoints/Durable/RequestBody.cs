using System.Buffers;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ChunkStream.Endpoints.Durable;

/// <summary>Reads a body that has to be in memory whole, up to a limit.</summary>
internal static class RequestBody
{
    // Who still sends hears an answer only if the server takes that in (Kestrel does so for 5 s, and drops it); and is cut off if it
    // is too much by so many bytes.
    private const long Tolerated = 64 * 1024 * 1024;

    /// <summary>The body; or a problem as soon as it is known to be too large, with the rest of it unread.</summary>
    /// <exception cref="BadHttpRequestException">It broke off, came too slowly, or is no valid HTTP.</exception>
    public static async Task<(ReadOnlyMemory<byte> Body, Problem? Problem)> ReadAsync(
        HttpRequest request, int maxBytes, CancellationToken cancellation)
    {
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } server)
            server.MaxRequestBodySize = maxBytes + Tolerated;
        if (request.ContentLength > maxBytes)
            return (default, DurableProblems.BodyTooLarge(maxBytes));
        if (request.ContentLength == 0)
            return (default, null);

        try
        {
            return await ReadToEndAsync(request, maxBytes, cancellation).ConfigureAwait(false);
        }
        catch (BadHttpRequestException refused) when (refused.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return (default, DurableProblems.BodyTooLarge(maxBytes));
        }
    }

    private static async Task<(ReadOnlyMemory<byte> Body, Problem? Problem)> ReadToEndAsync(
        HttpRequest request, int maxBytes, CancellationToken cancellation)
    {
        // It grows with what comes, not with what is announced.
        var body = new ArrayBufferWriter<byte>();
        while (true)
        {
            var read = await request.BodyReader.ReadAsync(cancellation).ConfigureAwait(false);
            var isTooLarge = body.WrittenCount + read.Buffer.Length > maxBytes;
            if (!isTooLarge)
            {
                foreach (var segment in read.Buffer)
                    body.Write(segment.Span);
            }

            request.BodyReader.AdvanceTo(read.Buffer.End);
            if (isTooLarge)
                return (default, DurableProblems.BodyTooLarge(maxBytes));
            if (read.IsCompleted)
                return (body.WrittenMemory, null);
        }
    }
}
