using ChunkStream.Identity;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace ChunkStream.DurableStreams.Access;

/// <summary>Finds out what the sender of a request without a key may do with durable streams.</summary>
/// <param name="policy">What users may do.</param>
/// <param name="capabilities">Reads capability URLs.</param>
/// <param name="options">Whether everyone may read.</param>
internal sealed class DurableAccess(
    PolicyFile policy, Capabilities capabilities, IOptions<DurableStreamOptions> options)
{
    /// <summary>
    /// The rights of a request. Whatever is streamed then ends when the access of its user, or its capability, does.
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
        if (http.Request.Query.TryGetValue(Capabilities.Parameter, out var given))
            return await ReadAsync(http, given, everyones).ConfigureAwait(false);
        var callers = http.RequestServices.GetService<ICallers>() ?? SignedInUser.Instance;
        var (caller, problem) = await callers.FindAsync(http, http.RequestAborted).ConfigureAwait(false);
        if (caller is null)
            return (everyones, problem);

        http.Features.Set(caller);
        return (new UserRights(policy.Current, caller, everyones.On("")), null);
    }

    // What the URL says counts alone: who has it needs no token, and no user gets more by adding one.
    private async ValueTask<(DurableRights Rights, Problem? Problem)> ReadAsync(
        HttpContext http, StringValues given, DurableRights everyones)
    {
        if (given is not [{ } token])
            return (everyones, DurableProblems.InvalidCapability("There are several capabilities in the URL."));
        var (capability, problem) = await capabilities.ReadAsync(token).ConfigureAwait(false);
        if (capability is null)
            return (everyones, problem);

        http.Features.Set(new AccessEnd(capability.Expires));
        return (new CapabilityRights(capability, everyones.On("")), null);
    }
}
