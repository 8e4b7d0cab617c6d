using System.Security.Cryptography;

namespace ChunkStream.LocalHost.Embedded;

/// <summary>
/// Files that only their owner can read. On Windows that is the folder's doing: a user's application data is closed to
/// others.
/// </summary>
internal static class PrivateFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int SecretBytes = 32;

    // Three seconds. Whoever makes a secret has the lock for a moment.
    private const int LockTries = 300;
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// Gives the secret that the file holds, and makes a random one first where there is none: so each state folder has
    /// its own, and keeps it.
    /// </summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="format">How the file spells a secret; default: the secret alone. It must end with the secret.</param>
    /// <returns>What the file holds.</returns>
    /// <exception cref="StartupFailure">None can be made in this folder.</exception>
    public static string GetOrCreateSecret(string path, Func<string, string>? format = null)
    {
        if (!File.Exists(path))
            Create(path, format);
        if (!OperatingSystem.IsWindows() && File.GetUnixFileMode(path) != OwnerOnly)
            File.SetUnixFileMode(path, OwnerOnly);
        return File.ReadAllText(path).Trim();
    }

    /// <summary>A random secret: hexadecimal, which needs no quotes in a connection string, a URL or a password file.</summary>
    public static string NewSecret() => RandomNumberGenerator.GetHexString(SecretBytes * 2, lowercase: true);

    /// <summary>Writes a file that must not exist yet.</summary>
    public static void Write(string path, string text)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        using var file = new StreamWriter(path, options);
        file.Write(text);
    }

    private static void Create(string path, Func<string, string>? format)
    {
        // One at a time: on Unix a move that must not overwrite looks first and moves then. The lock's file goes with the
        // lock: whoever still holds its old file finds the secret there, and makes none.
        using var alone = Take(path + ".lock");
        if (File.Exists(path))
            return;

        var secret = NewSecret();
        var partial = $"{path}.partial-{Guid.NewGuid():N}";
        Write(partial, (format?.Invoke(secret) ?? secret) + "\n");
        // Whole or not at all: a reader never finds half a secret.
        File.Move(partial, path, overwrite: false);
    }

    private static LockFile Take(string path)
    {
        for (var tries = 0; tries < LockTries; tries++)
        {
            if (LockFile.TryTake(path, deleteOnRelease: true) is { } taken)
                return taken;
            Thread.Sleep(LockPause);
        }

        throw new StartupFailure($"{path} cannot be locked. Can its folder be written to?");
    }
}
