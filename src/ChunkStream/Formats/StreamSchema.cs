using System.Text.Json.Serialization;

namespace ChunkStream.Formats;

/// <summary>What a source says of its records once it has the first.</summary>
/// <param name="Columns">The columns, in the order in which records have them. Names need not be unique.</param>
/// <param name="EstimatedRows">About how many records there will be, or null where nobody knows.</param>
/// <param name="HasCheckpoints">Whether the stream has places from which it can be resumed: then each record is before one.</param>
public sealed record StreamSchema(
    [property: JsonPropertyName("columns")] IReadOnlyList<StreamColumn> Columns,
    [property: JsonPropertyName("estimatedRows")] long? EstimatedRows = null,
    [property: JsonPropertyName("checkpoints")] bool HasCheckpoints = false);

/// <summary>A column.</summary>
/// <param name="Name">Its name, as the client sees it.</param>
/// <param name="Type">Its Postgres type, such as <c>int8</c>; <c>json</c> for what a generator makes.</param>
public sealed record StreamColumn(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("type")] string Type);
