using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Endpoints.Durable;

/// <summary><c>HEAD</c>: what a stream is and where it ends, as headers.</summary>
internal sealed class HeadResult(DurableCall call) : DurableResult(call)
{
    /// <inheritdoc />
    protected override async Task AnswerAsync(HttpRequest request, HttpResponse response, CancellationToken cancellation)
    {
        var (presence, stream) = await Call.Store.HeadAsync(Call.Path, cancellation).ConfigureAwait(false);
        if (Absent(presence) is { } problem)
        {
            await RefuseAsync(response, problem).ConfigureAwait(false);
            return;
        }

        response.ContentType = StreamContent.Header(stream!.ContentType);
        SetTail(response, stream.Tail, stream.Closed);
        if (stream.TtlSeconds is { } seconds)
            response.Headers[StreamHeaders.Ttl] = seconds.ToString(CultureInfo.InvariantCulture);
        if (stream.ExpiresAt is { } moment)
            response.Headers[StreamHeaders.ExpiresAt] = Rfc3339.Format(moment);
    }
}
