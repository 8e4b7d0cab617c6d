using Microsoft.AspNetCore.Http;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary><c>DELETE</c>: a stream is gone at once.</summary>
internal sealed class DeleteResult(DurableCall call) : DurableResult(call)
{
    /// <inheritdoc />
    protected override async Task AnswerAsync(HttpRequest request, HttpResponse response, CancellationToken cancellation)
    {
        if (Absent(await Call.Store.DeleteAsync(Call.Path, cancellation).ConfigureAwait(false)) is { } problem)
            await RefuseAsync(response, problem).ConfigureAwait(false);
        else
            response.StatusCode = StatusCodes.Status204NoContent;
    }
}
