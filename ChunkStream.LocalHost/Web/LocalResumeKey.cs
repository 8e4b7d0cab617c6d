using ChunkStream.LocalHost.Embedded;
using ChunkStream.Postgres.Queries;

namespace ChunkStream.LocalHost.Web;

/// <summary>
/// The key of the resume tokens where none is configured. It is random, so nobody else can make tokens, and the state
/// folder keeps it, so tokens stay valid across restarts.
/// </summary>
internal static class LocalResumeKey
{
    /// <summary>The setting whose place it takes.</summary>
    public const string Setting = QueryOptions.Section + ":" + nameof(QueryOptions.ResumeKey);

    private const string File = "resume-key";

    /// <summary>Returns the key in the state folder, and makes one first where there is none.</summary>
    /// <exception cref="StartupFailure">There is no state folder, or nothing can be written there.</exception>
    public static string Of(LocalHostOptions options)
    {
        var folder = StateFolder.Create(Path.GetFullPath(options.StatePath ?? StateFolder.Default));
        return PrivateFile.GetOrCreateSecret(Path.Combine(folder, File));
    }
}
