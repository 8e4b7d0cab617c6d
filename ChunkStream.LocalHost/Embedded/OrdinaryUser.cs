namespace ChunkStream.LocalHost.Embedded;

/// <summary>
/// Whom Postgres runs as when we are root, which it refuses: <c>postgres</c> where the machine has that user, else
/// <c>nobody</c>.
/// </summary>
internal static class OrdinaryUser
{
    private const string Users = "/etc/passwd";

    /// <summary>Whether we are root on Unix. For an administrator on Windows, pg_ctl and initdb do it alone.</summary>
    public static bool IsNeeded => !OperatingSystem.IsWindows() && Environment.IsPrivilegedProcess;

    /// <summary>The user's name; null where we are an ordinary user ourselves.</summary>
    /// <exception cref="StartupFailure">We are root, and there is neither of the two.</exception>
    public static string? Find()
    {
        if (!IsNeeded)
            return null;

        var names = File.Exists(Users) ? File.ReadLines(Users).Select(line => line.Split(':')[0]).ToHashSet() : [];
        return Array.Find(["postgres", "nobody"], names.Contains)
            ?? throw new StartupFailure(
                $"Postgres does not run as root, and {Users} has neither the user postgres nor nobody to run it as. "
                + "Add one, or start the local host as an ordinary user.");
    }

    /// <summary>Gives the folder and all in it to the user.</summary>
    public static Task GiveAsync(string folder, string user, CancellationToken cancellation) =>
        new ChildProcess("chown", "-R", "-h", user + ":", folder).RunToSuccessAsync(cancellation);
}
