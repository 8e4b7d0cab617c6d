using System.Text.Json.Nodes;
using ChunkStream.Postgres.Queries;
using ChunkStream.Postgres.Types;
using Microsoft.OpenApi;

namespace ChunkStream.App.OpenApi;

/// <summary>JSON Schemas of values of Postgres.</summary>
internal static class JsonSchemas
{
    private static readonly string[] NotFinite = ["NaN", "Infinity", "-Infinity"];

    /// <summary>A schema of one type.</summary>
    public static OpenApiSchema Of(JsonSchemaType type, string? format = null, string? description = null)
        => new() { Type = type, Format = format, Description = description };

    /// <summary>An object.</summary>
    /// <param name="members">Its members, all of which it has.</param>
    public static OpenApiSchema Object(params (string Name, IOpenApiSchema Schema)[] members) => new()
    {
        Type = JsonSchemaType.Object,
        Properties = members.ToDictionary(member => member.Name, member => member.Schema),
        Required = members.Select(member => member.Name).ToHashSet(),
    };

    /// <summary>A text out of several.</summary>
    public static OpenApiSchema OneOf(params IEnumerable<string> texts) => new()
    {
        Type = JsonSchemaType.String,
        Enum = [.. texts.Select(text => (JsonNode)text)],
    };

    /// <summary>A row, as <c>row_to_json</c> gives it.</summary>
    public static OpenApiSchema Row(QueryTypes types)
    {
        // Of two columns with one name, JSON's readers take the last.
        var columns = types.Columns.GroupBy(column => column.Name).Select(group => group.Last());
        return Object([.. columns.Select(column => (column.Name, (IOpenApiSchema)(column.IsNullable
            ? OrNull(Value(column.Value))
            : Value(column.Value))))]);
    }

    /// <summary>The JSON body of a query's parameters.</summary>
    public static OpenApiSchema Body(IEnumerable<(QueryParameter Parameter, JsonType Type)> parameters)
    {
        var given = parameters.ToArray();
        return new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Properties = given.ToDictionary(pair => pair.Parameter.Name, pair => (IOpenApiSchema)Posted(pair)),
            Required = given.Where(pair => pair.Parameter.IsRequired).Select(pair => pair.Parameter.Name).ToHashSet(),
            AdditionalPropertiesAllowed = false,
        };
    }

    /// <summary>A parameter in a query string: a value in the text form of its type.</summary>
    public static OpenApiSchema InQueryString(QueryParameter parameter, JsonType type)
    {
        var schema = type.Kind switch
        {
            JsonKind.Boolean => Of(JsonSchemaType.Boolean),
            JsonKind.Integer => Of(JsonSchemaType.Integer, type.Format),
            JsonKind.Number => Of(JsonSchemaType.Number, type.Format),
            JsonKind.Text when type.Labels is { } labels => OneOf(labels),

            // Postgres reads many spellings of dates and times, "today" among them: only the type is said.
            _ => Of(JsonSchemaType.String, type.Format == "uuid" ? "uuid" : null),
        };
        schema.Description = Described(parameter);
        schema.Default = DefaultOf(parameter, type);
        return schema;
    }

    private static OpenApiSchema Posted((QueryParameter Parameter, JsonType Type) pair)
    {
        var (parameter, type) = pair;
        var schema = type.Kind is JsonKind.List && parameter.Type.TrimEnd().EndsWith(']')
            ? new OpenApiSchema
            {
                AnyOf =
                [
                    new OpenApiSchema { Type = JsonSchemaType.Array, Items = OrNull(Posted(type.Element!)) },
                    Of(JsonSchemaType.String),
                ],
            }
            : Posted(type);
        schema.Description = Described(parameter);
        schema.Default = DefaultOf(parameter, type);
        return parameter is { IsRequired: false, Default: null } ? OrNull(schema) : schema;
    }

    // Whatever it is, its text form is taken, too.
    private static OpenApiSchema Posted(JsonType type) => type.Kind switch
    {
        JsonKind.Any => new OpenApiSchema(),
        JsonKind.Boolean => Of(JsonSchemaType.Boolean | JsonSchemaType.String),
        JsonKind.Integer => Of(JsonSchemaType.Integer | JsonSchemaType.String, type.Format),
        JsonKind.Number => Of(JsonSchemaType.Number | JsonSchemaType.String, type.Format),
        JsonKind.Text when type.Labels is { } labels => OneOf(labels),
        _ => Of(JsonSchemaType.String, type.Format == "uuid" ? "uuid" : null),
    };

    private static OpenApiSchema Value(JsonType type) => type.Kind switch
    {
        JsonKind.Any => new OpenApiSchema { Description = $"Any JSON ({type.Name})." },
        JsonKind.Boolean => Of(JsonSchemaType.Boolean),
        JsonKind.Integer => Of(JsonSchemaType.Integer, type.Format),
        JsonKind.Number => new OpenApiSchema
        {
            AnyOf = [Of(JsonSchemaType.Number, type.Format), OneOf(NotFinite)],
        },
        JsonKind.List => new OpenApiSchema
        {
            // The type of an array does not tell how many dimensions a value has.
            Description = "Of one dimension; an array of more has lists inside.",
            Type = JsonSchemaType.Array,
            Items = OrNull(Value(type.Element!)),
        },
        JsonKind.Object when type.Members is { } members => Object(
            [.. members.Select(member => (member.Key, (IOpenApiSchema)OrNull(Value(member.Value))))]),
        JsonKind.Object => Of(JsonSchemaType.Object),
        _ when type.Labels is { } labels => OneOf(labels),
        _ => Of(JsonSchemaType.String, type.Format, type.Format is null && type.Name is not "text"
            ? $"The text form of {type.Name}."
            : null),
    };

    private static OpenApiSchema OrNull(OpenApiSchema schema)
    {
        if (schema.AnyOf is { } choices)
        {
            choices.Add(Of(JsonSchemaType.Null));
            return schema;
        }

        if (schema.Enum is not null)
            return new OpenApiSchema { AnyOf = [schema, Of(JsonSchemaType.Null)], Description = schema.Description };
        schema.Type |= JsonSchemaType.Null;
        return schema;
    }

    private static string Described(QueryParameter parameter) => parameter switch
    {
        { IsRequired: true } => $"Of the type {parameter.Type}.",
        { Default: { } value } => $"Of the type {parameter.Type}; {value} if it is not given.",
        _ => $"Of the type {parameter.Type}; NULL if it is not given.",
    };

    private static JsonNode? DefaultOf(QueryParameter parameter, JsonType type)
    {
        if (parameter.Default is not { } text)
            return null;
        return type.Kind switch
        {
            JsonKind.Integer => long.TryParse(text, out var whole) ? whole : null,
            JsonKind.Text => text,
            _ => null,
        };
    }
}
