using System.Globalization;

namespace ChunkStream.LocalHost.Embedded;

/// <summary>
/// A lock between processes: a file that one process at a time can hold open. The system releases it when the process
/// ends, in whatever way.
/// </summary>
internal sealed class LockFile : IDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(200);

    private readonly FileStream _file;

    private LockFile(FileStream file) => _file = file;

    /// <summary>Takes the lock. Returns null where another process has it.</summary>
    /// <param name="path">The path of the file, which is made where it is missing.</param>
    /// <param name="deleteOnRelease">Whether to delete the file on release, for locks that are used once.</param>
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

    /// <summary>Takes the lock, after waiting for as long as another process has it.</summary>
    /// <exception cref="StartupFailure">
    /// The other process kept it for longer than <paramref name="patience"/>.
    /// </exception>
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
    /// Writes this process's id for other processes' messages. It goes into a second file, because nobody else can read
    /// the locked one.
    /// </summary>
    public void SignOwner() =>
        File.WriteAllText(OwnerPath(_file.Name), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));

    /// <summary>Returns the id of the process that signed the lock last.</summary>
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
