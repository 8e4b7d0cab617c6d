namespace ChunkStream.LocalHost.Embedded;

/// <summary>Which Postgres to start.</summary>
internal sealed class EmbeddedPostgresOptions
{
    /// <summary>The folder of the programs and the data. Default: <see cref="StateFolder.Default"/>.</summary>
    public string? StatePath { get; init; }

    /// <summary>
    /// The npm package of the programs. Default: the one of <see cref="PostgresBinaries.Package()"/>. Use another
    /// package only with throw-away clusters.
    /// </summary>
    public NpmPackage? Package { get; init; }

    /// <summary>The port on 127.0.0.1: 1–65535, or 0 for any free port. Default: 0.</summary>
    public int Port { get; init; }

    /// <summary>
    /// Whether the cluster is made for this instance alone and deleted with it, as tests want. Default: no. Then the
    /// data is kept, and one process at a time can use it.
    /// </summary>
    public bool ThrowAway { get; init; }

    /// <summary>
    /// Server settings beyond the defaults, such as <c>max_connections</c>. A shell passes them on to Postgres, so
    /// their values may hold only letters, digits and <c>_.,:/-</c>.
    /// </summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();
}
