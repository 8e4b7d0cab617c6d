using Microsoft.OpenApi;

namespace ChunkStream.App.OpenApi;

/// <summary>The operations of durable streams, which the protocol defines, and of capability URLs.</summary>
internal static class DurableOperations
{
    /// <summary>Adds them.</summary>
    public static void Add(ApiDocument api, ApiRoutes routes)
    {
        Add(api, routes.Streams, "streams", ApiAccess.Key);
        Add(api, routes.PublicStreams, "public-streams", ApiAccess.EveryoneOrToken);
        AddCapability(api, routes.Capabilities, "capabilities", ApiAccess.Key);
        AddCapability(api, routes.PublicCapabilities, "public-capabilities", ApiAccess.Token);
    }

    private static void Add(ApiDocument api, string prefix, string id, ApiAccess access)
    {
        var path = $"/{prefix}{{path}}";
        api.Add(path, HttpMethod.Get, ApiTags.DurableStreams, access, Create(
            $"{id}.read", "Reads a stream from an offset, and follows it",
            Bytes("What is stored from there on; or, with live, what comes."),
            SharedParameters.InQuery(
                "offset", "A Stream-Next-Offset of an earlier answer; -1 for the start, now for what comes.",
                JsonSchemas.Of(JsonSchemaType.String)),
            SharedParameters.InQuery(
                "live", "Waits for more: in one answer after the other, or as events.",
                JsonSchemas.OneOf("long-poll", "sse")),
            SharedParameters.InQuery(
                "cursor", "The Stream-Cursor of the last answer.", JsonSchemas.Of(JsonSchemaType.String))));
        api.Add(path, HttpMethod.Head, ApiTags.DurableStreams, access, Create(
            $"{id}.head", "Tells a stream's content type and end",
            new OpenApiResponse { Description = "It is there." }));
        api.Add(path, HttpMethod.Put, ApiTags.DurableStreams, access, WithBody(Create(
            $"{id}.create", "Creates a stream, with a first content if there is one",
            new OpenApiResponse { Description = "It was there, as asked for." }), isRequired: false));
        api.Document.Paths[path].Operations![HttpMethod.Put].Responses!.Add(
            "201", new OpenApiResponse { Description = "It was created." });
        api.Add(path, HttpMethod.Post, ApiTags.DurableStreams, access, WithBody(Create(
            $"{id}.append", "Appends to a stream, closes it, or both",
            new OpenApiResponse { Description = "A producer's append is stored." }), isRequired: false));
        api.Document.Paths[path].Operations![HttpMethod.Post].Responses!.Add(
            "204", new OpenApiResponse { Description = "It is stored." });
        api.Add(path, HttpMethod.Delete, ApiTags.DurableStreams, access, Create(
            $"{id}.delete", "Deletes a stream", answer: null));
        api.Document.Paths[path].Operations![HttpMethod.Delete].Responses!.Add(
            "204", new OpenApiResponse { Description = "It is gone." });
    }

    private static OpenApiOperation Create(
        string id, string summary, OpenApiResponse? answer, params IEnumerable<IOpenApiParameter> more) => new()
        {
            OperationId = id,
            Summary = summary,
            Parameters =
            [
                new OpenApiParameter
                {
                    Name = "path",
                    In = ParameterLocation.Path,
                    Required = true,
                    AllowReserved = true,
                    Description = "The stream's path, which may have slashes.",
                    Schema = JsonSchemas.Of(JsonSchemaType.String),
                },
                .. more,
            ],
            Responses = answer is null ? [] : new OpenApiResponses { ["200"] = answer },
        };

    private static OpenApiResponse Bytes(string description) => new()
    {
        Description = description,
        Headers = new Dictionary<string, IOpenApiHeader>
        {
            ["Stream-Next-Offset"] = new OpenApiHeader { Schema = JsonSchemas.Of(JsonSchemaType.String) },
            ["Stream-Up-To-Date"] = new OpenApiHeader { Schema = JsonSchemas.Of(JsonSchemaType.Boolean) },
            ["Stream-Closed"] = new OpenApiHeader { Schema = JsonSchemas.Of(JsonSchemaType.Boolean) },
            ["Stream-Cursor"] = new OpenApiHeader { Schema = JsonSchemas.Of(JsonSchemaType.String) },
        },
        Content = new Dictionary<string, IOpenApiMediaType> { ["*/*"] = new OpenApiMediaType() },
    };

    private static OpenApiOperation WithBody(OpenApiOperation operation, bool isRequired)
    {
        operation.RequestBody = new OpenApiRequestBody
        {
            Required = isRequired,
            Content = new Dictionary<string, IOpenApiMediaType> { ["*/*"] = new OpenApiMediaType() },
        };
        return operation;
    }

    private static void AddCapability(ApiDocument api, string route, string id, ApiAccess access)
    {
        var text = JsonSchemas.Of(JsonSchemaType.String);
        var asked = JsonSchemas.Object(
            ("operations", new OpenApiSchema { Type = JsonSchemaType.Array, Items = text }),
            ("seconds", JsonSchemas.Of(JsonSchemaType.Integer)));
        asked.Properties!["path"] = JsonSchemas.Of(JsonSchemaType.String, description: "The path of a stream.");
        asked.Properties["prefix"] = JsonSchemas.Of(
            JsonSchemaType.String, description: "Instead of a path: what paths begin with, and a slash at its end.");
        var made = JsonSchemas.Object(
            ("url", text), ("token", text), ("expires", JsonSchemas.Of(JsonSchemaType.String, "date-time")));
        api.Add($"/{route}", HttpMethod.Post, ApiTags.DurableStreams, access, new OpenApiOperation
        {
            OperationId = id,
            Summary = "Makes a URL with which others may use a stream for a while",
            RequestBody = new OpenApiRequestBody
            {
                Required = true,
                Content = new Dictionary<string, IOpenApiMediaType>
                {
                    ["application/json"] = new OpenApiMediaType { Schema = asked },
                },
            },
            Responses = new OpenApiResponses { ["201"] = ApiDocument.Json("The URL.", made) },
        });
    }
}
