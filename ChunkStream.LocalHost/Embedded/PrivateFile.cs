using System.Security.Cryptography;

namespace ChunkStream.LocalHost.Embedded;

/// <summary>
/// Files that only their owner can read. On Windows the folder sees to that: other users cannot read a user's
/// application data.
/// </summary>
internal static class PrivateFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int SecretBytes = 32;

    // Together three seconds. A process that makes a secret holds the lock only for a moment.
    private const int LockTries = 300;
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// Returns the secret in the file, and makes a random one first where there is no file. So each state folder has a
    /// secret of its own, and keeps it.
    /// </summary>
    /// <param name="path">The file's path; its folder must exist.</param>
    /// <param name="format">
    /// Returns the text to write for a secret, which must end with the secret. Default: the secret alone.
    /// </param>
    /// <returns>The text of the file.</returns>
    /// <exception cref="StartupFailure">The file cannot be made in this folder.</exception>
    public static string GetOrCreateSecret(string path, Func<string, string>? format = null)
    {
        if (!File.Exists(path))
            Create(path, format);
        if (!OperatingSystem.IsWindows() && File.GetUnixFileMode(path) != OwnerOnly)
            File.SetUnixFileMode(path, OwnerOnly);
        return File.ReadAllText(path).Trim();
    }

    /// <summary>
    /// Returns a random secret. It is hexadecimal, so it needs no quotes in a connection string, a URL or a password
    /// file.
    /// </summary>
    public static string NewSecret() => RandomNumberGenerator.GetHexString(SecretBytes * 2, lowercase: true);

    /// <summary>Writes a file that must not exist yet.</summary>
    public static void Write(string path, string text)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.None,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        using var file = new StreamWriter(path, options);
        file.Write(text);
    }

    private static void Create(string path, Func<string, string>? format)
    {
        // The lock lets in one process at a time, because on Unix a move that must not overwrite first looks and then
        // moves. The lock's file is deleted on release. A process that then locks the deleted file gets in too, but it
        // finds the secret there and makes none.
        using var alone = Take(path + ".lock");
        if (File.Exists(path))
            return;

        var secret = NewSecret();
        var partial = $"{path}.partial-{Guid.NewGuid():N}";
        Write(partial, (format?.Invoke(secret) ?? secret) + "\n");
        // The move puts the whole file in place at once, so a reader never finds half a secret.
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
