using System.Globalization;
using ChunkStream.DurableStreams.Access;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>
/// <c>HEAD</c>: what a stream is and where it ends, as headers. What <c>GET</c> would refuse is refused.
/// </summary>
internal sealed class HeadMethod(DurableStore store) : DurableMethod("HEAD")
{
    /// <inheritdoc />
    public override async Task AnswerAsync(DurableTarget target, HttpContext http, CancellationToken cancellation)
    {
        target.Require(DurableOperations.Read);
        var asked = ReadRequest.Read(http.Request.Query);
        var (presence, found) = await store.HeadAsync(target.Path, cancellation).ConfigureAwait(false);
        Require(presence);
        var stream = found!;
        if (asked.From > stream.Tail)
            throw new ProblemException(DurableProblems.OffsetBeyondTail);

        var response = http.Response;
        response.ContentType = ContentTypes.Header(stream.ContentType);
        SetTail(response, stream.Tail, stream.Closed);
        if (stream.TtlSeconds is { } seconds)
            response.Headers[ProtocolHeaders.Ttl] = seconds.ToString(CultureInfo.InvariantCulture);
        if (stream.ExpiresAt is { } moment)
            response.Headers[ProtocolHeaders.ExpiresAt] = Rfc3339.Format(moment);
    }
}
