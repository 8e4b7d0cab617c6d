using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Identity;

/// <summary>Finds out who sent a request.</summary>
internal interface ICallers
{
    /// <summary>Finds the caller.</summary>
    /// <param name="http">The request.</param>
    /// <param name="cancellation">Cancelled when the client has left.</param>
    /// <returns>
    /// The caller; or the problem with which the request must be refused, because what it says of its caller is wrong
    /// (401) or can't be checked now (503); or neither, if it says nothing.
    /// </returns>
    ValueTask<(Caller? Caller, Problem? Problem)> FindAsync(HttpContext http, CancellationToken cancellation);
}
