using System.Text.Json.Nodes;

namespace ChunkStream.App.OpenApi;

/// <summary>A generator that the app declares.</summary>
/// <param name="Name">Its name, and its route.</param>
/// <param name="Summary">What it gives, in a sentence.</param>
/// <param name="NeedsKey">Whether it is for those who have a function key.</param>
/// <param name="IsRecordable">Whether it can be recorded.</param>
/// <param name="Parameters">What it takes.</param>
/// <param name="Item">The JSON Schema of its items; null where none can be told.</param>
internal sealed record DescribedGenerator(
    string Name,
    string Summary,
    bool NeedsKey,
    bool IsRecordable,
    IReadOnlyList<DescribedArgument> Parameters,
    JsonNode? Item);

/// <summary>A parameter of a generator.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Range">The values that it may have, if it is a whole number; null for a text.</param>
/// <param name="Default">Its value where it is not given; null for a text that may be left out.</param>
internal sealed record DescribedArgument(string Name, (int Least, int Most)? Range, string? Default);
