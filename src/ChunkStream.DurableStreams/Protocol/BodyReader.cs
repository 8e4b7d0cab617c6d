using ChunkStream.DurableStreams.Store;
using ChunkStream.Http;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>Reads the bodies that are to be stored, where there is room for them in memory.</summary>
/// <param name="room">The memory that the process has for bodies.</param>
/// <param name="options">How large a body may be, and how slow.</param>
/// <param name="time">The clock that measures how slow it is.</param>
internal sealed class BodyReader(AppendRoom room, IOptions<DurableStreamOptions> options, TimeProvider time)
{
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
        var limits = new BodyLimits(
            options.Value.MaxAppendBytes,
            TimeSpan.FromSeconds(options.Value.BodyIdleSeconds),
            TimeSpan.FromSeconds(options.Value.BodySeconds))
        {
            TooLarge = DurableProblems.BodyTooLarge(options.Value.MaxAppendBytes),
            TooSlow = DurableProblems.BodyTooSlow,
            Hold = bytes => place.Hold(AppendRoom.RequestCost + bytes, isReceiving: true),
        };
        var body = await WholeBody.ReadAsync(request, limits, time, cancellation).ConfigureAwait(false);
        place.HasAll();
        return body;
    }

    /// <summary>Splits a body in JSON mode into its messages. Any other body is given as it is.</summary>
    /// <exception cref="ProblemException">It is not JSON, or has too many messages: 400, 413.</exception>
    public IReadOnlyList<ReadOnlyMemory<byte>> Split(ReadOnlyMemory<byte> body, bool isJson)
        => isJson ? JsonMessages.Split(body, options.Value.MaxAppendMessages) : [body];
}
