using System.Globalization;
using System.IO.Enumeration;

namespace ChunkStream.LocalHost.Embedded;

/// <summary>
/// Reports from time to time that an installation is under way, and how much of it has arrived. npm writes nothing
/// where its output is not a terminal, so with a slow connection the program would seem to hang.
/// </summary>
internal static class InstallProgress
{
    private const double Megabyte = 1_000_000;

    /// <summary>Awaits the installation, and reports a line after each interval until it ends.</summary>
    /// <param name="installation">The installation that is under way.</param>
    /// <param name="name">The name of what is installed.</param>
    /// <param name="folder">The folder in which its files appear.</param>
    /// <param name="interval">The time from one line to the next.</param>
    /// <param name="progress">Gets the lines.</param>
    public static async Task<T> ReportWhileAsync<T>(
        Task<T> installation, string name, string folder, TimeSpan interval, IProgress<string>? progress)
    {
        for (var elapsed = interval; !await EndsWithinAsync(installation, interval); elapsed += interval)
        {
            progress?.Report(string.Create(
                CultureInfo.InvariantCulture,
                $"  still getting {name}: {BytesIn(folder) / Megabyte:0} MB after {elapsed.TotalSeconds:0} s"));
        }

        return await installation;
    }

    private static async Task<bool> EndsWithinAsync(Task installation, TimeSpan interval)
    {
        using var over = new CancellationTokenSource();
        var isOver = await Task.WhenAny(installation, Task.Delay(interval, over.Token)) == installation;
        await over.CancelAsync();
        return isOver;
    }

    // npm moves and deletes files meanwhile; a file that is gone when it is looked at does not count.
    private static long BytesIn(string folder)
    {
        try
        {
            var options = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true };
            return new FileSystemEnumerable<long>(
                folder, (ref FileSystemEntry entry) => entry.IsDirectory ? 0 : entry.Length, options).Sum();
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
