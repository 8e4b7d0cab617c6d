using Microsoft.AspNetCore.Http;

namespace ChunkStream.Postgres.Shapes;

/// <summary>
/// The answer to a client whose offset is no longer good: it forgets its rows, and begins anew by the handle that it is
/// given.
/// </summary>
internal sealed class ElectricMustRefetch : IResult
{
    /// <summary>The message.</summary>
    public static ReadOnlySpan<byte> Message => "{\"headers\":{\"control\":\"must-refetch\"}}"u8;

    /// <inheritdoc />
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        var response = httpContext.Response;
        response.StatusCode = StatusCodes.Status409Conflict;
        response.ContentType = "application/json";
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["electric-handle"] = ElectricHandle.CreateFresh();
        byte[] body = [(byte)'[', .. Message, (byte)']'];
        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(httpContext.Request.Method))
            await response.Body.WriteAsync(body, CancellationToken.None).ConfigureAwait(false);
    }
}
