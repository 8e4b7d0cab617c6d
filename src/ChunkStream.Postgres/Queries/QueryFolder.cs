using System.Text;
using System.Text.RegularExpressions;
using ChunkStream.Configuration;

namespace ChunkStream.Postgres.Queries;

/// <summary>The folder of query files, or several, read again where files have changed.</summary>
/// <remarks>
/// A file that has just changed may still be in the middle of being saved (see <see cref="FileChange"/>). So it is left
/// until the next look, and its version from before serves.
/// </remarks>
/// <param name="paths">The paths of the folders. A file hides those of the same name in later folders.</param>
/// <param name="time">Tells how old a change is.</param>
internal sealed partial class QueryFolder(IReadOnlyList<string> paths, TimeProvider time)
{
    private Dictionary<string, DeclaredQuery> _known = [];

    /// <summary>The paths, for the log.</summary>
    public string Name { get; } = string.Join(';', paths);

    /// <summary>All queries, by name. Files that have not changed give the same object as before.</summary>
    public IReadOnlyList<DeclaredQuery> Read()
    {
        // This is asked before the files are read, so that the next look still sees a change that comes meanwhile.
        var isFolderSettling = paths.Any(path => FileChange.IsSettling(Directory.GetLastWriteTimeUtc(path), time));
        var known = Files().ToDictionary(
            file => file.Name, file => CurrentOf(file, _known.GetValueOrDefault(file.Name)));
        foreach (var gone in _known.Where(query => isFolderSettling && !known.ContainsKey(query.Key)))
            known[gone.Key] = gone.Value;

        _known = known;
        return [.. known.Values.OrderBy(query => query.Name, StringComparer.Ordinal)];
    }

    private DeclaredQuery CurrentOf(FileInfo file, DeclaredQuery? known)
        => known is not null && (known.Version == Version(file) || FileChange.IsSettling(file.LastWriteTimeUtc, time))
            ? known
            : Read(file);

    // A missing folder is no mistake: a function app may have generators only.
    private IEnumerable<FileInfo> Files() => paths
        .Where(Directory.Exists)
        .SelectMany(path => new DirectoryInfo(path).EnumerateFiles("*.sql"))
        .DistinctBy(file => file.Name);

    private static DeclaredQuery Read(FileInfo file)
    {
        var version = Version(file);
        var name = Path.GetFileNameWithoutExtension(file.Name);
        try
        {
            if (!NamePattern().IsMatch(name))
                return Broken("A query's name has letters, digits, '-' and '_', at most 100: rename the file.");
            var text = File.ReadAllText(file.FullName, new UTF8Encoding(false, throwOnInvalidBytes: true));
            var (parsed, mistakes) = QueryFile.Parse(name, text);
            return new DeclaredQuery(name, file.Name, version, parsed, mistakes);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return Broken($"The file can't be read: {failure.Message}");
        }
        catch (DecoderFallbackException)
        {
            return Broken("The file is not UTF-8.");
        }

        DeclaredQuery Broken(string reason) => new(name, file.Name, version, null, [new QueryMistake(1, reason)]);
    }

    private static (DateTime Time, long Length) Version(FileInfo file) => (file.LastWriteTimeUtc, file.Length);

    [GeneratedRegex("^[A-Za-z0-9_-]{1,100}$")]
    private static partial Regex NamePattern();
}

/// <summary>A file of the folder.</summary>
/// <param name="Name">The query's name.</param>
/// <param name="FileName">The file's name.</param>
/// <param name="Version">Which version of the file this is.</param>
/// <param name="File">What it declares, or null if it is broken.</param>
/// <param name="Mistakes">What is wrong with the file; empty if nothing is.</param>
internal sealed record DeclaredQuery(
    string Name,
    string FileName,
    (DateTime Time, long Length) Version,
    QueryFile? File,
    IReadOnlyList<QueryMistake> Mistakes);
