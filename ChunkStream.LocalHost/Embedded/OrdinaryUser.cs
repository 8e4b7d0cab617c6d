namespace ChunkStream.LocalHost.Embedded;

/// <summary>
/// The user that Postgres runs as when the local host runs as root, because Postgres refuses root. It is
/// <c>postgres</c> where the machine has that user, else <c>nobody</c>.
/// </summary>
internal static class OrdinaryUser
{
    private const string Users = "/etc/passwd";

    /// <summary>
    /// Whether this process is root on Unix. On Windows pg_ctl and initdb give up an administrator's rights themselves.
    /// </summary>
    public static bool IsNeeded => !OperatingSystem.IsWindows() && Environment.IsPrivilegedProcess;

    /// <summary>Returns the user's name; null where this process is not root.</summary>
    /// <exception cref="StartupFailure">This process is root, and the machine has neither of the two users.</exception>
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

    /// <summary>Makes the user the owner of the folder and all that is in it.</summary>
    public static Task GiveAsync(string folder, string user, CancellationToken cancellation) =>
        new ChildProcess("chown", "-R", "-h", user + ":", folder).RunToSuccessAsync(cancellation);
}
