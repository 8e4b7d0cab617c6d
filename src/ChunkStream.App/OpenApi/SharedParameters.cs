using ChunkStream.Formats;
using Microsoft.OpenApi;

namespace ChunkStream.App.OpenApi;

/// <summary>The parameters that several operations share.</summary>
internal static class SharedParameters
{
    /// <summary>Those that say how a stream is written.</summary>
    public static IReadOnlyList<string> OfStreams { get; } = ["format", "bom", "formulas", "download"];

    /// <summary>Those of every query besides.</summary>
    public static IReadOnlyList<string> OfQueries { get; } = [.. OfStreams, "limit", "numbers", "resume"];

    /// <summary>That of a query whose changes can be followed.</summary>
    public const string Live = "live";

    /// <summary>All of them, by name.</summary>
    public static Dictionary<string, IOpenApiParameter> All() => new()
    {
        ["format"] = InQuery(
            "format", "The format; it wins over the header Accept.",
            JsonSchemas.OneOf(StreamFormats.All.Select(format => format.Name))),
        ["bom"] = InQuery("bom", "CSV: 1 begins the file with a byte order mark.", JsonSchemas.OneOf("0", "1")),
        ["formulas"] = InQuery(
            "formulas", "CSV: escape keeps spreadsheets from running texts as formulas.",
            JsonSchemas.OneOf("plain", "escape")),
        ["download"] = InQuery(
            "download", "The name of the file as which browsers save the answer, without its extension.",
            JsonSchemas.Of(JsonSchemaType.String)),
        ["limit"] = InQuery(
            "limit", "How many rows to give at most.", JsonSchemas.Of(JsonSchemaType.Integer, "int64")),
        ["numbers"] = InQuery(
            "numbers", "exact: int8 and numeric (the formats int64 and decimal) are strings in JSON. The schemas of "
                + "this description are those of plain, the default.",
            JsonSchemas.OneOf("plain", "exact")),
        ["resume"] = InQuery(
            "resume", "A token of an earlier answer: goes on after it.", JsonSchemas.Of(JsonSchemaType.String)),
        [Live] = InQuery(
            Live, "Goes on with what changes, in the formats sse and frames.",
            JsonSchemas.OneOf("sse", "long-poll")),
    };

    /// <summary>A parameter of the query string.</summary>
    public static OpenApiParameter InQuery(
        string name, string description, OpenApiSchema schema, bool isRequired = false) => new()
        {
            Name = name,
            In = ParameterLocation.Query,
            Required = isRequired,
            Description = description,
            Schema = schema,
        };
}
