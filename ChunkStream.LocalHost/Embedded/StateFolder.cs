namespace ChunkStream.LocalHost.Embedded;

/// <summary>
/// The folder for everything that outlives a run: the programs and data of Postgres and Azurite.
/// </summary>
internal static class StateFolder
{
    private const UnixFileMode WorldReadable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>
    /// The folder <c>ChunkStream</c> in this user's application data. For root it is <c>/var/lib/chunkstream</c>:
    /// Postgres refuses to run as root, and the ordinary user that it runs as instead cannot reach root's home.
    /// </summary>
    /// <exception cref="StartupFailure">This user has no folder for application data.</exception>
    public static string Default
    {
        get
        {
            if (OrdinaryUser.IsNeeded)
                return "/var/lib/chunkstream";

            var data = Environment.GetFolderPath(
                Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
            return data.Length > 0
                ? Path.Combine(data, "ChunkStream")
                : throw new StartupFailure(
                    "This user has no folder for application data. Name one for the embedded Postgres with "
                    + $"{LocalHostOptions.Section}:{nameof(LocalHostOptions.StatePath)} "
                    + "(environment: ChunkStream__LocalHost__StatePath).");
        }
    }

    /// <summary>Makes the folder where it is missing. As root, it is made readable for ordinary users too.</summary>
    /// <exception cref="StartupFailure">The folder cannot be made.</exception>
    public static string Create(string path)
    {
        try
        {
            if (Directory.Exists(path))
                return path;

            Directory.CreateDirectory(path);
            if (!OperatingSystem.IsWindows() && OrdinaryUser.IsNeeded)
                File.SetUnixFileMode(path, WorldReadable);
            return path;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartupFailure(
                $"The folder {path} cannot be made: {e.Message} "
                + $"{LocalHostOptions.Section}:{nameof(LocalHostOptions.StatePath)} chooses another.", e);
        }
    }
}
