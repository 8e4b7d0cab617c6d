using System.Diagnostics;
using System.Globalization;

namespace ChunkStream.LocalHost.Embedded;

/// <summary>postmaster.pid: the id of the process that serves a cluster, or served it until it was killed.</summary>
internal sealed class PostmasterFile(string dataFolder)
{
    private readonly string _path = Path.Combine(dataFolder, "postmaster.pid");

    /// <summary>The id in the file; null where there is no file.</summary>
    public int? Id
    {
        get
        {
            try
            {
                var line = File.ReadLines(_path).FirstOrDefault();
                return int.TryParse(line, CultureInfo.InvariantCulture, out var id) ? id : null;
            }
            catch (IOException)
            {
                return null;
            }
        }
    }

    /// <summary>The name of the process that has the id now; null where there is none.</summary>
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

    /// <summary>Deletes the file, where its process is certainly not a Postgres.</summary>
    public void Forget() => File.Delete(_path);
}
