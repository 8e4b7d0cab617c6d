using ChunkStream.DurableStreams.Access;
using ChunkStream.Http;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.DurableStreams.Recordings;

/// <summary>A recording for the user who asks for it. It is refused if the request does not say who that is.</summary>
/// <param name="endpoint">The endpoint's name, for logs and metrics.</param>
/// <param name="access">Finds out what the user may do.</param>
/// <param name="answer">Answers a user who has these rights.</param>
internal sealed class UserRecordingResult(string endpoint, DurableAccess access, Func<DurableRights, IResult> answer)
    : IResult
{
    /// <inheritdoc />
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        var (rights, problem) = await access.FindAsync(httpContext, onlyReads: false).ConfigureAwait(false);
        var result = problem is not null ? new RefusedStream(endpoint, problem)
            : rights.AreAnonymous
                ? new RefusedStream(endpoint, DurableProblems.RecordingNotPublic)
                : answer(rights);
        await result.ExecuteAsync(httpContext).ConfigureAwait(false);
    }
}
