using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.OpenApi;
using Microsoft.OpenApi.Reader;

namespace ChunkStream.App.OpenApi;

/// <summary>The operations of the generators that the app declares.</summary>
internal static class GeneratorOperations
{
    /// <summary>Adds them.</summary>
    public static void Add(ApiDocument api, IEnumerable<DescribedGenerator> generators)
    {
        foreach (var generator in generators)
        {
            var operation = new OpenApiOperation
            {
                OperationId = $"generator.{generator.Name}",
                Summary = generator.Summary,
                Parameters =
                [
                    .. generator.Parameters.Select(Parameter), .. SharedParameters.OfStreams.Select(api.Parameter),
                ],
                Responses = new OpenApiResponses
                {
                    ["200"] = api.Streamed(Schema(api, generator.Item)),
                },
            };
            if (generator.IsRecordable)
            {
                operation.Parameters.Add(SharedParameters.InQuery(
                    "record", "Records it under this name, so that it can be joined and resumed.",
                    JsonSchemas.Of(JsonSchemaType.String)));
                operation.Parameters.Add(api.Parameter("resume"));
            }

            api.Add(
                $"/{generator.Name}", HttpMethod.Get, ApiTags.Generators,
                generator.NeedsKey ? ApiAccess.Key : ApiAccess.Everyone, operation);
        }
    }

    private static IOpenApiParameter Parameter(DescribedArgument declared)
    {
        var schema = declared.Range is { } range
            ? new OpenApiSchema
            {
                Type = JsonSchemaType.Integer,
                Minimum = range.Least.ToString(CultureInfo.InvariantCulture),
                Maximum = range.Most.ToString(CultureInfo.InvariantCulture),
                Default = JsonNode.Parse(declared.Default!),
            }
            : new OpenApiSchema { Type = JsonSchemaType.String, Default = declared.Default };
        return SharedParameters.InQuery(
            declared.Name, declared.Default is { } value ? $"{value} if it is not given." : "May be left out.", schema);
    }

    // A type that has itself inside is described by references into its own schema, which would lead nowhere here.
    private static OpenApiSchema Schema(ApiDocument api, JsonNode? item)
        => item?.ToJsonString() is { } json && !json.Contains("\"$ref\"", StringComparison.Ordinal)
            && OpenApiModelFactory.Parse<OpenApiSchema>(
                json, OpenApiSpecVersion.OpenApi3_1, api.Document, out var _, OpenApiConstants.Json) is { } schema
                ? schema
                : new OpenApiSchema();
}
