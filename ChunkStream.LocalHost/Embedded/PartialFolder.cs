namespace ChunkStream.LocalHost.Embedded;

/// <summary>
/// Folders that are filled under another name and renamed when they are complete, so that work that was cut off is
/// never taken for done. Each attempt has a name of its own, because a child of a killed run may still write into the
/// folder of an earlier attempt.
/// </summary>
internal static class PartialFolder
{
    /// <summary>Returns the path for a new attempt, and deletes earlier ones. The caller must hold a lock.</summary>
    public static string Begin(string place)
    {
        DeleteEarlier(place);
        return $"{place}.partial-{Guid.NewGuid():N}";
    }

    /// <summary>Moves the complete folder to its place.</summary>
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
                // Something still writes into it; a later attempt deletes it.
            }
        }
    }
}
