using ChunkStream.Identity;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ChunkStream.DurableStreams.Access;

/// <summary>Finds out what the sender of a request without a key may do with durable streams.</summary>
/// <param name="policy">What users may do.</param>
/// <param name="options">Whether everyone may read.</param>
internal sealed class DurableAccess(PolicyFile policy, IOptions<DurableStreamOptions> options)
{
    /// <summary>
    /// The rights of a request. Whatever is streamed then ends when the access of its user does.
    /// </summary>
    /// <param name="http">The request.</param>
    /// <param name="onlyReads">
    /// Whether it only reads a stream, so that it need not say whose it is if everyone may.
    /// </param>
    /// <returns>
    /// The rights; or the problem with which the request is refused, because what it says of its sender does not hold,
    /// or can't be checked now.
    /// </returns>
    public async ValueTask<(DurableRights Rights, Problem? Problem)> FindAsync(HttpContext http, bool onlyReads)
    {
        var everyones = options.Value.PublicReading ? DurableRights.Everyone : DurableRights.Nobody;

        // What everyone may do needs no token, and so none is looked at.
        if (onlyReads && everyones.AreEveryones)
            return (everyones, null);
        var callers = http.RequestServices.GetService<ICallers>() ?? SignedInUser.Instance;
        var (caller, problem) = await callers.FindAsync(http, http.RequestAborted).ConfigureAwait(false);
        if (caller is null)
            return (everyones, problem);

        http.Features.Set(caller);
        return (new UserRights(policy.Current, caller, everyones.On("")), null);
    }
}
