namespace ChunkStream.LocalHost.Embedded;

/// <summary>
/// The log of a server that is started with <c>pg_ctl -l</c>: this run's and the one before. Both are bounded, since
/// whoever can reach the port can write lines into it.
/// </summary>
internal sealed class ServerLog(string folder)
{
    /// <summary>From this size on, what was written becomes the log before.</summary>
    public const long MostBytes = 4 * 1024 * 1024;

    private const int TailLines = 10;

    /// <summary>Where the server writes.</summary>
    public string Path { get; } = System.IO.Path.Combine(folder, "server.log");

    private string Previous => Path + ".previous";

    /// <summary>Makes room for a new run's.</summary>
    public void Begin()
    {
        if (File.Exists(Path))
            File.Move(Path, Previous, overwrite: true);
    }

    /// <summary>Begins anew where the log is large. The server keeps its file open, and appends to it: so it is copied and emptied.</summary>
    public void RotateIfLarge()
    {
        try
        {
            if (new FileInfo(Path) is not { Exists: true, Length: >= MostBytes })
                return;

            File.Copy(Path, Previous, overwrite: true);
            using var emptied = new FileStream(Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            emptied.SetLength(0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Windows may refuse it while the server writes: then at the next look.
        }
    }

    /// <summary>The last lines.</summary>
    public string Tail()
    {
        try
        {
            return string.Join('\n', File.ReadLines(Path).TakeLast(TailLines));
        }
        catch (IOException)
        {
            return "";
        }
    }
}
