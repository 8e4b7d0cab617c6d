using ChunkStream.Identity;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream.Http;

/// <summary>
/// A response that depends on who is calling. It finds the caller, and refuses the request if there is none. A stream
/// that answers the caller ends when the caller's access does.
/// </summary>
/// <param name="name">The endpoint's name, for logs and metrics.</param>
/// <param name="answer">Answers the caller.</param>
internal sealed class CallerResult(string name, Func<Caller, IResult> answer) : IResult
{
    /// <inheritdoc />
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        var callers = httpContext.RequestServices.GetService<ICallers>() ?? SignedInUser.Instance;
        var (caller, problem) = await callers.FindAsync(httpContext, httpContext.RequestAborted).ConfigureAwait(false);
        if (caller is null)
        {
            await new RefusedStream(name, problem ?? Problem.NotSignedIn).ExecuteAsync(httpContext)
                .ConfigureAwait(false);
            return;
        }

        httpContext.Features.Set(caller);
        await answer(caller).ExecuteAsync(httpContext).ConfigureAwait(false);
    }
}
