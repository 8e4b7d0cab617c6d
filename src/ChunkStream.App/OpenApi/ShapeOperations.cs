using ChunkStream.Postgres.Shapes;
using Microsoft.OpenApi;

namespace ChunkStream.App.OpenApi;

/// <summary>The operations of live queries in the protocols of others: of Electric, and of durable streams.</summary>
internal static class ShapeOperations
{
    private static readonly string[] StateHeaders = ["Stream-Next-Offset", "Stream-Up-To-Date", "Stream-Cursor"];

    /// <summary>Adds them.</summary>
    public static void Add(ApiDocument api, ApiRoutes routes)
    {
        Add(api, routes.Shapes, "shape", ApiAccess.Key);
        Add(api, routes.PublicShapes, "public-shape", ApiAccess.EveryoneOrToken);
        AddState(api, routes.States, "state", ApiAccess.Key);
        AddState(api, routes.PublicStates, "public-state", ApiAccess.EveryoneOrToken);
    }

    private static void Add(ApiDocument api, string prefix, string id, ApiAccess access)
    {
        var text = JsonSchemas.Of(JsonSchemaType.String);
        api.Add($"/{prefix}{{name}}", HttpMethod.Get, ApiTags.Queries, access, new OpenApiOperation
        {
            OperationId = id,
            Summary = "A live query for clients of Electric's protocol",
            Parameters =
            [
                Name(),
                SharedParameters.InQuery(
                    "offset", "An electric-offset of an earlier answer; -1 for the start.", text, isRequired: true),
                SharedParameters.InQuery("handle", "The electric-handle of the last answer.", text),
                SharedParameters.InQuery("cursor", "The electric-cursor of the last answer.", text),
                SharedParameters.InQuery("live", "Waits for a change.", JsonSchemas.OneOf("true", "false")),
                SharedParameters.InQuery(
                    "live_sse", "With live: one answer lasts, as events.", JsonSchemas.OneOf("true", "false")),
                Params(),
            ],
            Responses = new OpenApiResponses
            {
                ["200"] = new OpenApiResponse
                {
                    Description = "An array of messages, or a message in each event.",
                    Headers = ElectricDialect.Headers.ToDictionary(
                        header => header, IOpenApiHeader (_) => new OpenApiHeader { Schema = text }),
                    Content = Messages(),
                },
                ["409"] = new OpenApiResponse
                {
                    Description = "The offset is no longer good: begin anew, with the electric-handle of this answer.",
                },
            },
        });
    }

    private static void AddState(ApiDocument api, string prefix, string id, ApiAccess access)
    {
        var text = JsonSchemas.Of(JsonSchemaType.String);
        api.Add($"/{prefix}{{name}}", HttpMethod.Get, ApiTags.Queries, access, new OpenApiOperation
        {
            OperationId = id,
            Summary = "A live query as a durable stream with messages of the state extension",
            Parameters =
            [
                Name(),
                SharedParameters.InQuery(
                    "offset", "A Stream-Next-Offset of an earlier answer; -1 for the start.", text),
                SharedParameters.InQuery("cursor", "The Stream-Cursor of the last answer.", text),
                SharedParameters.InQuery("live", "Waits for a change.", JsonSchemas.OneOf("long-poll", "sse")),
                Params(),
            ],
            Responses = new OpenApiResponses
            {
                ["200"] = new OpenApiResponse
                {
                    Description = "An array of messages, or messages in events.",
                    Headers = StateHeaders.ToDictionary(
                        header => header, IOpenApiHeader (_) => new OpenApiHeader { Schema = text }),
                    Content = Messages(),
                },
                ["410"] = new OpenApiResponse { Description = "The offset is no longer good: begin anew." },
            },
        });
    }

    private static OpenApiParameter Name() => new()
    {
        Name = "name",
        In = ParameterLocation.Path,
        Required = true,
        Description = "The name of a query that is live.",
        Schema = JsonSchemas.Of(JsonSchemaType.String),
    };

    private static OpenApiParameter Params() => new()
    {
        Name = "params",
        In = ParameterLocation.Query,
        Style = ParameterStyle.DeepObject,
        Explode = true,
        Description = "The query's parameters: params[name]=value.",
        Schema = JsonSchemas.Of(JsonSchemaType.Object),
    };

    private static Dictionary<string, IOpenApiMediaType> Messages() => new()
    {
        ["application/json"] = new OpenApiMediaType
        {
            Schema = new OpenApiSchema
            {
                Type = JsonSchemaType.Array,
                Items = JsonSchemas.Of(JsonSchemaType.Object),
            },
        },
        ["text/event-stream"] = new OpenApiMediaType(),
    };
}
