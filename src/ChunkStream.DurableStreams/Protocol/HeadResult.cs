using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary><c>HEAD</c>: what a stream is and where it ends, as headers. What <c>GET</c> would refuse is refused.</summary>
internal sealed class HeadResult(DurableCall call) : DurableResult(call)
{
    /// <inheritdoc />
    protected override async Task AnswerAsync(HttpRequest request, HttpResponse response, CancellationToken cancellation)
    {
        var (read, problem) = ReadRequest.Of(request.Query);
        if (problem is not null)
        {
            await RefuseAsync(response, problem).ConfigureAwait(false);
            return;
        }

        var (presence, stream) = await Call.Store.HeadAsync(Call.Path, cancellation).ConfigureAwait(false);
        problem = Absent(presence) ?? (read.From > stream!.Tail ? DurableProblems.OffsetBeyondTail : null);
        if (problem is not null)
        {
            await RefuseAsync(response, problem).ConfigureAwait(false);
            return;
        }

        response.ContentType = ContentTypes.Header(stream!.ContentType);
        SetTail(response, stream.Tail, stream.Closed);
        if (stream.TtlSeconds is { } seconds)
            response.Headers[ProtocolHeaders.Ttl] = seconds.ToString(CultureInfo.InvariantCulture);
        if (stream.ExpiresAt is { } moment)
            response.Headers[ProtocolHeaders.ExpiresAt] = Rfc3339.Format(moment);
    }
}
