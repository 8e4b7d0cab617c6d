using System.Diagnostics;
using System.Globalization;

namespace ChunkStream.LocalHost.Embedded;

/// <summary>
/// The file postmaster.pid. It has the id of the process that serves a cluster, or served it until it was killed.
/// </summary>
internal sealed class PostmasterFile(string dataFolder)
{
    private readonly string _path = Path.Combine(dataFolder, "postmaster.pid");

    // The file's lines are: process id, data folder, start time, port.
    private const int IdLine = 0;
    private const int PortLine = 3;

    /// <summary>The process id in the file; null where there is no file.</summary>
    public int? Id => NumberAt(IdLine);

    /// <summary>The port in the file; null where there is no file, or the server is still starting.</summary>
    public int? Port => NumberAt(PortLine);

    /// <summary>Returns the name of the process that has the id now; null where there is none.</summary>
    public string? FindProcess()
    {
        if (Id is not { } id)
            return null;

        try
        {
            using var process = Process.GetProcessById(id);
            return process.ProcessName;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Deletes the file. Call it only if the process is certainly not a Postgres.</summary>
    public void Forget() => File.Delete(_path);

    private int? NumberAt(int line)
    {
        try
        {
            var text = File.ReadLines(_path).ElementAtOrDefault(line);
            return int.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
