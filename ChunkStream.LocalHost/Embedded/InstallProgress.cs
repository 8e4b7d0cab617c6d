using System.Globalization;
using System.IO.Enumeration;

namespace ChunkStream.LocalHost.Embedded;

/// <summary>
/// Says from time to time that an installation is under way, and how much of it has arrived: npm itself is silent where its output
/// is no terminal, and without a sign of life a slow line looks like a program that hangs.
/// </summary>
internal static class InstallProgress
{
    private const double Megabyte = 1_000_000;

    /// <summary>Awaits the installation, and reports a line in each interval until it ends.</summary>
    /// <param name="installation">What is under way.</param>
    /// <param name="name">What is installed.</param>
    /// <param name="folder">Where its files appear.</param>
    /// <param name="interval">After how long a line follows the one before.</param>
    /// <param name="progress">Told the lines.</param>
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

    // npm moves and deletes while we look: what is gone by then does not count.
    private static long BytesIn(string folder)
    {
        try
        {
            var options = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true };
            return new FileSystemEnumerable<long>(folder, (ref FileSystemEntry entry) => entry.IsDirectory ? 0 : entry.Length, options).Sum();
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
