namespace ChunkStream.LocalHost.Embedded;

/// <summary>
/// Folders that are made beside their place and renamed when they are whole, so that work that was cut off is never
/// taken for done. Each attempt has a name of its own: a child of a killed run may still be writing into an earlier
/// one.
/// </summary>
internal static class PartialFolder
{
    /// <summary>Names a folder for a new attempt. Only under a lock.</summary>
    public static string Begin(string place)
    {
        DeleteEarlier(place);
        return $"{place}.partial-{Guid.NewGuid():N}";
    }

    /// <summary>Puts the whole folder in its place.</summary>
    public static void Finish(string partial, string place)
    {
        Directory.Move(partial, place);
        DeleteEarlier(place);
    }

    private static void DeleteEarlier(string place)
    {
        var (parent, name) = (Path.GetDirectoryName(place)!, Path.GetFileName(place));
        foreach (var earlier in Directory.GetDirectories(parent, name + ".partial-*"))
        {
            try
            {
                Directory.Delete(earlier, recursive: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Still written to; a later attempt deletes it.
            }
        }
    }
}
