using Microsoft.OpenApi;

namespace ChunkStream.App.OpenApi;

/// <summary>The schemas that several operations share: problems, and what the formats put between the rows.</summary>
internal static class SharedSchemas
{
    public const string Problem = "Problem";
    public const string Frame = "Frame";
    public const string OtherEvent = "Event";

    private static readonly string[] EventNames =
        ["schema", "cut", "error", "end", "delete", "up-to-date", "must-refetch"];

    /// <summary>All of them, by name.</summary>
    public static Dictionary<string, IOpenApiSchema> All() => new()
    {
        [Problem] = ProblemSchema(),
        [Frame] = new OpenApiSchema
        {
            Description = "A line of the format frames that is no row. Ignore lines whose key you don't know.",
            AnyOf =
            [
                JsonSchemas.Object(("schema", StreamSchema())),
                JsonSchemas.Object(("checkpoint", JsonSchemas.Of(JsonSchemaType.String))),
                JsonSchemas.Object(("heartbeat", JsonSchemas.Of(JsonSchemaType.String, "date-time"))),
                JsonSchemas.Object(("error", ProblemSchema())),
                JsonSchemas.Object(("end", End())),
                JsonSchemas.Object(("delete", JsonSchemas.Of(JsonSchemaType.Object))),
                JsonSchemas.Object(("up-to-date", JsonSchemas.Object(
                    ("position", JsonSchemas.Of(JsonSchemaType.String))))),
                JsonSchemas.Object(("must-refetch", JsonSchemas.Object(
                    ("reason", JsonSchemas.Of(JsonSchemaType.String)),
                    ("position", JsonSchemas.Of(JsonSchemaType.String))))),
            ],
        },
        [OtherEvent] = new OpenApiSchema
        {
            Description = "An event that is no row.",
            Type = JsonSchemaType.Object,
            Properties = new Dictionary<string, IOpenApiSchema>
            {
                ["event"] = JsonSchemas.OneOf(EventNames),
                ["data"] = JsonSchemas.Of(JsonSchemaType.String),
                ["id"] = JsonSchemas.Of(JsonSchemaType.String),
                ["retry"] = JsonSchemas.Of(JsonSchemaType.Integer),
            },
        },
    };

    /// <summary>The event of a row.</summary>
    /// <param name="item">What the row is.</param>
    /// <param name="names">The names that it may have; it is a <c>message</c> otherwise.</param>
    public static OpenApiSchema Event(IOpenApiSchema item, params IEnumerable<string> names)
    {
        var properties = new Dictionary<string, IOpenApiSchema>
        {
            ["data"] = new OpenApiSchema
            {
                Type = JsonSchemaType.String,
                ContentMediaType = "application/json",
                ContentSchema = item,
            },
            ["id"] = JsonSchemas.Of(JsonSchemaType.String),
        };
        if (names.Any())
            properties["event"] = JsonSchemas.OneOf(names);
        return new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Properties = properties,
            Required = new HashSet<string> { "data" },
        };
    }

    /// <summary>The lines of frames that have a row.</summary>
    public static IEnumerable<OpenApiSchema> RowFrames(IOpenApiSchema item, bool isLive)
    {
        yield return JsonSchemas.Object(("row", item));
        if (isLive)
            yield return JsonSchemas.Object(("upsert", item));
    }

    private static OpenApiSchema ProblemSchema()
    {
        var text = JsonSchemas.Of(JsonSchemaType.String);
        var schema = JsonSchemas.Object(
            ("type", JsonSchemas.Of(JsonSchemaType.String, "uri")),
            ("title", text),
            ("status", JsonSchemas.Of(JsonSchemaType.Integer)),
            ("detail", text));
        schema.Description = "A failure, RFC 9457.";
        schema.Properties!["errors"] = new OpenApiSchema
        {
            Type = JsonSchemaType.Array,
            Items = JsonSchemas.Object(("parameter", text), ("detail", text)),
        };
        schema.Properties["hint"] = text;
        return schema;
    }

    private static OpenApiSchema StreamSchema()
    {
        var schema = Described();
        schema.Properties!["key"] = new OpenApiSchema
        {
            Type = JsonSchemaType.Array,
            Items = JsonSchemas.Of(JsonSchemaType.String),
        };
        return schema;
    }

    private static OpenApiSchema Described() => JsonSchemas.Object(
        ("columns", new OpenApiSchema
        {
            Type = JsonSchemaType.Array,
            Items = JsonSchemas.Object(
                ("name", JsonSchemas.Of(JsonSchemaType.String)), ("type", JsonSchemas.Of(JsonSchemaType.String))),
        }),
        ("estimatedRows", JsonSchemas.Of(JsonSchemaType.Integer | JsonSchemaType.Null)),
        ("checkpoints", JsonSchemas.Of(JsonSchemaType.Boolean)));

    private static OpenApiSchema End() => JsonSchemas.Object(
        ("rows", JsonSchemas.Of(JsonSchemaType.Integer)),
        ("continue", JsonSchemas.Of(JsonSchemaType.String | JsonSchemaType.Null)));
}
