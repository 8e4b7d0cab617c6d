using Microsoft.OpenApi;

namespace ChunkStream.App.OpenApi;

/// <summary>The operations that tell what there is, and how it is.</summary>
internal static class ServiceOperations
{
    /// <summary>Adds them.</summary>
    public static void Add(ApiDocument api, ApiRoutes routes)
    {
        var any = JsonSchemas.Of(JsonSchemaType.Object);
        api.Add($"/{routes.Queries.TrimEnd('/')}", HttpMethod.Get, ApiTags.Service, ApiAccess.Key, new OpenApiOperation
        {
            OperationId = "queries",
            Summary = "The catalogue: what each query takes and gives, and which files are broken",
            Responses = new OpenApiResponses { ["200"] = ApiDocument.Json("The catalogue.", any) },
        });
        api.Add($"/{routes.OpenApi}", HttpMethod.Get, ApiTags.Service, ApiAccess.Key, new OpenApiOperation
        {
            OperationId = "openapi",
            Summary = "This description",
            Parameters =
            [
                SharedParameters.InQuery(
                    "version", "The version of OpenAPI. What items a stream has is said since 3.2.",
                    JsonSchemas.OneOf(OpenApiResult.Versions)),
            ],
            Responses = new OpenApiResponses { ["200"] = ApiDocument.Json("The description.", any) },
        });
        api.Add($"/{routes.Health}", HttpMethod.Get, ApiTags.Service, ApiAccess.Everyone, new OpenApiOperation
        {
            OperationId = "health",
            Summary = "How this instance is",
            Responses = new OpenApiResponses
            {
                ["200"] = ApiDocument.Json("All is well.", any),
                ["503"] = ApiDocument.Json("A dependency is down.", any),
            },
        });
    }
}
