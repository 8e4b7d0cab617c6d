namespace ChunkStream.Identity;

/// <summary>A setting of several texts, with commas between.</summary>
internal static class TextList
{
    /// <summary>Reads it.</summary>
    /// <param name="text">The setting; null for none.</param>
    public static string[] Read(string? text)
        => text?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
}
