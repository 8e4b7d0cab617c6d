using ChunkStream.DurableStreams.Access;
using ChunkStream.DurableStreams.Store;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary><c>DELETE</c>: a stream is gone at once.</summary>
internal sealed class DeleteMethod(DurableStore store, IChangeSink changes) : DurableMethod("DELETE")
{
    /// <inheritdoc />
    public override async Task AnswerAsync(DurableTarget target, HttpContext http, CancellationToken cancellation)
    {
        target.Require(DurableOperations.Delete);
        var (presence, id) = await store.DeleteAsync(target.Path, cancellation).ConfigureAwait(false);
        if (id is { } deleted)
            changes.Tell(deleted, null);
        Require(presence);
        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }
}
