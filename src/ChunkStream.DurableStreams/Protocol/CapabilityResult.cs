using System.Text.Json.Nodes;
using ChunkStream.Http;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>An answer with a capability URL, which no cache keeps; or with the problem why there is none.</summary>
/// <param name="make">Makes the URL.</param>
internal sealed class CapabilityResult(Func<HttpContext, Task<JsonObject>> make) : IResult
{
    /// <inheritdoc />
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        var response = httpContext.Response;
        response.Headers.CacheControl = "no-store";
        BrowserUse.Protect(response);
        IResult result;
        try
        {
            var made = await make(httpContext).ConfigureAwait(false);
            result = TypedResults.Text(
                made.ToJsonString(), "application/json", statusCode: StatusCodes.Status201Created);
        }
        catch (ProblemException refused)
        {
            result = new ProblemResult(refused.Problem);
        }
        catch (BadHttpRequestException broken)
        {
            result = new ProblemResult(BodyProblems.Broken with { Status = broken.StatusCode });
        }

        await result.ExecuteAsync(httpContext).ConfigureAwait(false);
    }
}
