namespace ChunkStream.LocalHost.Embedded;

/// <summary>Which Postgres to start.</summary>
internal sealed class EmbeddedPostgresOptions
{
    /// <summary>The folder of the binaries and the data. Default: <see cref="StateFolder.Default"/>.</summary>
    public string? StatePath { get; init; }

    /// <summary>The npm package of its programs. Default: the newest version, for this machine. Another one is for throw-away clusters alone.</summary>
    public NpmPackage? Package { get; init; }

    /// <summary>The port on 127.0.0.1: 1–65535, or 0, the default, for one that is free.</summary>
    public int Port { get; init; }

    /// <summary>
    /// Whether the cluster is made anew for this instance and deleted with it, as tests want it; default no: the data
    /// is kept, and one process at a time has it.
    /// </summary>
    public bool ThrowAway { get; init; }

    /// <summary>
    /// Server settings beyond the defaults, such as <c>max_connections</c>. They go to Postgres through a shell, so
    /// their values may hold only letters, digits and <c>_.,:/-</c>.
    /// </summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();
}
