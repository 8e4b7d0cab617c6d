namespace ChunkStream.Benchmarks.E2e.Servers;

/// <summary>The peers that are scripts, beside the program.</summary>
internal static class PeerFiles
{
    /// <summary>Their folder.</summary>
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "Peers");

    /// <summary>The variable that gives a peer its database, as a URL.</summary>
    public const string DatabaseVariable = "PEER_DATABASE";

    /// <summary>The variable that gives a peer the folder of its data.</summary>
    public const string FolderVariable = "PEER_FOLDER";

    /// <summary>The variable that gives a peer its port.</summary>
    public const string PortVariable = "PEER_PORT";
}
