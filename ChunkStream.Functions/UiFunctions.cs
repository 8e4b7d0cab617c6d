using ChunkStream.App;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace ChunkStream.Functions;

/// <summary>The page.</summary>
public sealed class UiFunctions(StreamEndpoints endpoints)
{
    /// <inheritdoc cref="StreamEndpoints.Ui" />
    [Function("ui")]
    public IResult Ui(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "ui/{*path}")] HttpRequest request)
        => endpoints.Ui(request);
}
