using System.Text.Json.Serialization;

namespace ChunkStream.Formats;

/// <summary>What a source says about its records, once it has the first.</summary>
/// <param name="Columns">The columns, in the order in which records have them. Names need not be unique.</param>
/// <param name="EstimatedRows">About how many records there will be; null if that is unknown.</param>
/// <param name="HasCheckpoints">Whether the stream can be resumed after each record.</param>
public sealed record StreamSchema(
    [property: JsonPropertyName("columns")] IReadOnlyList<StreamColumn> Columns,
    [property: JsonPropertyName("estimatedRows")] long? EstimatedRows = null,
    [property: JsonPropertyName("checkpoints")] bool HasCheckpoints = false)
{
    /// <summary>The names of the columns that tell one record from another; null where none are known.</summary>
    [JsonPropertyName("key")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Key { get; init; }
}

/// <summary>A column.</summary>
/// <param name="Name">The column's name, as clients see it.</param>
/// <param name="Type">
/// The column's Postgres type, such as <c>int8</c>; <c>json</c> for the items of a generator.
/// </param>
public sealed record StreamColumn(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("type")] string Type);
