using System.Buffers;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ChunkStream.Http;

/// <summary>Reads bodies that have to be in memory whole: up to a limit, and while they come.</summary>
internal static class WholeBody
{
    // A client that is still sending reads no answer before the server has taken in what it sends (Kestrel goes on
    // receiving for 5 s, and drops it). A client that sends this many bytes too much is cut off.
    private const long Tolerated = 64 * 1024 * 1024;

    // The first buffer for a body that doesn't say how long it will be.
    private const int FirstBytes = 16 * 1024;

    /// <summary>Reads the body.</summary>
    /// <param name="request">The request.</param>
    /// <param name="limits">What it may take.</param>
    /// <param name="time">The clock that measures how slow it is.</param>
    /// <param name="cancellation">When it is cancelled, the reading ends.</param>
    /// <exception cref="ProblemException">
    /// It is refused, as soon as that is known, with the rest of it unread: 408, 413.
    /// </exception>
    /// <exception cref="BadHttpRequestException">It broke off, or is not valid HTTP.</exception>
    public static async Task<ReadOnlyMemory<byte>> ReadAsync(
        HttpRequest request, BodyLimits limits, TimeProvider time, CancellationToken cancellation)
    {
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } server)
            server.MaxRequestBodySize = limits.MaxBytes + Tolerated;
        if (request.ContentLength > limits.MaxBytes)
            throw new ProblemException(limits.TooLarge);
        if (request.ContentLength == 0)
            return default;

        try
        {
            using var watch = new BodyWatch(request.BodyReader, limits, time);
            return await ReadToEndAsync(request, limits, watch, cancellation).ConfigureAwait(false);
        }
        catch (BadHttpRequestException refused) when (refused.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            throw new ProblemException(limits.TooLarge, refused);
        }
        catch (BadHttpRequestException refused) when (refused.StatusCode == StatusCodes.Status408RequestTimeout)
        {
            throw new ProblemException(limits.TooSlow, refused);
        }
        catch (IOException broken) when (broken is not BadHttpRequestException)
        {
            // Kestrel throws this if the size of a chunk is larger than a number can hold.
            throw new BadHttpRequestException(broken.Message, broken);
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReadToEndAsync(
        HttpRequest request, BodyLimits limits, BodyWatch watch, CancellationToken cancellation)
    {
        byte[] body = [];
        var length = 0;
        Grow((int)(request.ContentLength ?? Math.Min(FirstBytes, limits.MaxBytes)));
        while (true)
        {
            var reading = request.BodyReader.ReadAsync(cancellation);
            if (!reading.IsCompleted)
                watch.Begin();
            var read = await reading.ConfigureAwait(false);
            try
            {
                if (read.IsCanceled)
                    throw new ProblemException(limits.TooSlow);
                var needed = length + read.Buffer.Length;
                if (needed > limits.MaxBytes)
                    throw new ProblemException(limits.TooLarge);
                if (needed > body.Length)
                    Grow((int)Math.Min(limits.MaxBytes, Math.Max(2L * body.Length, needed)));
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
            limits.Hold?.Invoke(bytes);
            var larger = GC.AllocateUninitializedArray<byte>(bytes);
            body.AsSpan(0, length).CopyTo(larger);
            body = larger;
        }
    }
}

/// <summary>What a body may take, and what a client is told whose body takes more.</summary>
/// <param name="MaxBytes">How many bytes it may have.</param>
/// <param name="Idle">For how long it may bring nothing, or less than Kestrel's own minimum.</param>
/// <param name="Whole">How long it may take altogether.</param>
internal sealed record BodyLimits(int MaxBytes, TimeSpan Idle, TimeSpan Whole)
{
    /// <summary>What a client is told whose body is larger.</summary>
    public required Problem TooLarge { get; init; }

    /// <summary>What a client is told whose body is slower.</summary>
    public required Problem TooSlow { get; init; }

    /// <summary>Is called before this many bytes are taken; it may throw a <see cref="ProblemException"/>.</summary>
    public Action<int>? Hold { get; init; }
}
