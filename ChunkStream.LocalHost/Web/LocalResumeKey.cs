using ChunkStream.LocalHost.Embedded;
using ChunkStream.Postgres.Queries;

namespace ChunkStream.LocalHost.Web;

/// <summary>
/// The key of the resume tokens where none is configured: a random one, kept in the state folder, so that tokens work across
/// restarts and nobody else can make them.
/// </summary>
internal static class LocalResumeKey
{
    /// <summary>The setting that it stands in for.</summary>
    public const string Setting = QueryOptions.Section + ":" + nameof(QueryOptions.ResumeKey);

    private const string File = "resume-key";

    /// <summary>Gives the key of the state folder, and makes it first where there is none.</summary>
    /// <exception cref="StartupFailure">There is no state folder, and none can be made.</exception>
    public static string Of(LocalHostOptions options)
    {
        var folder = StateFolder.Create(Path.GetFullPath(options.StatePath ?? StateFolder.Default));
        return PrivateFile.GetOrCreateSecret(Path.Combine(folder, File));
    }
}
