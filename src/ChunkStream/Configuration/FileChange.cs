namespace ChunkStream.Configuration;

/// <summary>Tells whether a file may still be in the middle of being saved.</summary>
/// <remarks>
/// An editor saves a file by emptying it and writing it anew, or by putting another one in its place. Whoever reads at
/// that moment finds no file, or a part of it, which may be broken, or even be valid and say something else.
/// </remarks>
internal static class FileChange
{
    // Longer than an editor takes to save, because a slow one changes the file again and again; and less than the time
    // between two looks.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(0.5);

    /// <summary>
    /// Whether a change is so new that others may follow. A file server's clock may be ahead; a change in the future
    /// counts as an old one.
    /// </summary>
    /// <param name="changed">When it changed, in UTC.</param>
    /// <param name="time">The clock.</param>
    public static bool IsSettling(DateTime changed, TimeProvider time)
        => time.GetUtcNow().UtcDateTime - changed is var age && age >= TimeSpan.Zero && age < Settling;
}
