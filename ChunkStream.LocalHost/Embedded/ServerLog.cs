namespace ChunkStream.LocalHost.Embedded;

/// <summary>
/// The log of a server that is started with <c>pg_ctl -l</c>, and the log before it. Both have a maximum size, because
/// whoever can reach the port can make the server write lines.
/// </summary>
internal sealed class ServerLog(string folder)
{
    /// <summary>The size from which on the log is moved aside and begun anew.</summary>
    public const long MostBytes = 4 * 1024 * 1024;

    private const int TailLines = 10;

    /// <summary>The path of the file that the server writes.</summary>
    public string Path { get; } = System.IO.Path.Combine(folder, "server.log");

    private string Previous => Path + ".previous";

    /// <summary>Moves the last run's log aside, before a new run.</summary>
    public void Begin()
    {
        if (File.Exists(Path))
            File.Move(Path, Previous, overwrite: true);
    }

    /// <summary>
    /// Begins the log anew if it is large. The server keeps the file open and appends to it, so the file is copied and
    /// emptied, not moved.
    /// </summary>
    public void RotateIfLarge()
    {
        try
        {
            if (new FileInfo(Path) is not { Exists: true, Length: >= MostBytes })
                return;

            File.Copy(Path, Previous, overwrite: true);
            using var emptied = new FileStream(
                Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            emptied.SetLength(0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Windows may refuse this while the server writes. The next call tries again.
        }
    }

    /// <summary>Returns the last lines of the log.</summary>
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
