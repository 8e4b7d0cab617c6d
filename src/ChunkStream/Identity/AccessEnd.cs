using Microsoft.AspNetCore.Http;

namespace ChunkStream.Identity;

/// <summary>When the access of a request ends that has no caller, or that is not the caller's own.</summary>
/// <param name="Expires">When.</param>
internal sealed record AccessEnd(DateTimeOffset Expires)
{
    /// <summary>When the access of a request ends: that of its caller, or this; null if it does not.</summary>
    /// <param name="http">The request.</param>
    public static DateTimeOffset? Of(HttpContext http)
        => http.Features.Get<AccessEnd>()?.Expires ?? http.Features.Get<Caller>()?.Expires;
}
