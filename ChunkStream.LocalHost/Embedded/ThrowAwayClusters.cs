namespace ChunkStream.LocalHost.Embedded;

/// <summary>
/// The folders of clusters that are deleted with their owner. They are in the state folder and not in the folder of
/// temporary files, because other users can write to that one. The ordinary user that the server runs as can reach the
/// state folder.
/// </summary>
internal static class ThrowAwayClusters
{
    /// <summary>
    /// Chooses the path of a new folder and takes its lock. The lock's file is beside the folder, so the lock is taken
    /// before the folder exists.
    /// </summary>
    public static (string Folder, LockFile Lock) Create(string state)
    {
        var folder = Path.Combine(StateFolder.Create(Root(state)), Guid.NewGuid().ToString("N"));
        var owned = LockFile.TryTake(LockOf(folder), deleteOnRelease: true)
            ?? throw new StartupFailure($"{LockOf(folder)} cannot be locked.");
        return (folder, owned);
    }

    /// <summary>Stops the servers of owners that were killed, and deletes their folders.</summary>
    public static async Task SweepAsync(string state, PostgresBinaries binaries, string? user)
    {
        if (!Directory.Exists(Root(state)))
            return;

        foreach (var folder in Directory.GetDirectories(Root(state)))
        {
            using var ours = LockFile.TryTake(LockOf(folder), deleteOnRelease: true);
            if (ours is null)
                continue;

            await new PostgresServer(binaries, folder, user).StopLeftoverAsync(progress: null);
            await DeleteAsync(folder);
        }
    }

    /// <summary>Deletes the folder.</summary>
    public static async Task DeleteAsync(string folder)
    {
        for (var attempt = 1; Directory.Exists(folder); attempt++)
        {
            try
            {
                Directory.Delete(folder, recursive: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException && attempt < 5)
            {
                // Windows releases a file only a moment after the process that had it open is gone.
                await Task.Delay(TimeSpan.FromMilliseconds(200 * attempt));
            }
        }
    }

    private static string Root(string state) => Path.Combine(state, "throw-away");

    private static string LockOf(string folder) => folder + ".lock";
}
