namespace ChunkStream.Configuration;

/// <summary>A list of texts with commas between, as settings and query files have it.</summary>
internal static class TextList
{
    /// <summary>Reads it: the texts without the spaces around them, and without empty ones.</summary>
    /// <param name="text">The list; null for none.</param>
    public static string[] Read(string? text)
        => text?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
}
