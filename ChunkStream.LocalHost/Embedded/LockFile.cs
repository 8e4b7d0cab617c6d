using System.Globalization;

namespace ChunkStream.LocalHost.Embedded;

/// <summary>
/// A file held open for ourselves alone, so that one process at a time does what it stands for. The system lets go of
/// it when we end, however we end.
/// </summary>
internal sealed class LockFile : IDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(200);

    private readonly FileStream _file;

    private LockFile(FileStream file) => _file = file;

    /// <summary>Takes the lock; null where another process has it.</summary>
    /// <param name="path">The file; made where it is missing.</param>
    /// <param name="deleteOnRelease">For locks that nobody asks for again.</param>
    public static LockFile? TryTake(string path, bool deleteOnRelease = false)
    {
        try
        {
            var file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                Options = deleteOnRelease ? FileOptions.DeleteOnClose : FileOptions.None,
            });
            return new LockFile(file);
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or PathTooLongException))
        {
            return null;
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StartupFailure($"{path} cannot be opened: {e.Message} Does another user own the folder?", e);
        }
    }

    /// <summary>Takes the lock, and waits while another process has it.</summary>
    /// <exception cref="StartupFailure">It kept it for longer than <paramref name="patience"/>.</exception>
    public static async Task<LockFile> TakeAsync(string path, TimeSpan patience, CancellationToken cancellation)
    {
        var clock = TimeProvider.System;
        var start = clock.GetTimestamp();
        while (true)
        {
            if (TryTake(path) is { } taken)
                return taken;
            if (clock.GetElapsedTime(start) > patience)
                throw new StartupFailure($"Another process has kept {path} for {patience.TotalMinutes:0} minutes.");

            await Task.Delay(Poll, clock, cancellation);
        }
    }

    /// <summary>
    /// Leaves our process id for others to name. Beside the file: while it is locked nobody else can read it.
    /// </summary>
    public void SignOwner() =>
        File.WriteAllText(OwnerPath(_file.Name), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));

    /// <summary>The process that signed the lock last.</summary>
    public static string Owner(string path)
    {
        try
        {
            return File.ReadAllText(OwnerPath(path)).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "unknown";
        }
    }

    public void Dispose() => _file.Dispose();

    private static string OwnerPath(string path) => path + ".pid";
}
