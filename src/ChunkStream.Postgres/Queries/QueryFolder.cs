using System.Text;
using System.Text.RegularExpressions;

namespace ChunkStream.Postgres.Queries;

/// <summary>The folder of query files, read again where files have changed.</summary>
internal sealed partial class QueryFolder(string path)
{
    private Dictionary<string, DeclaredQuery> _known = [];

    /// <summary>Where it is.</summary>
    public string Path => path;

    /// <summary>All queries, by name. Files that have not changed give the same object as before.</summary>
    public IReadOnlyList<DeclaredQuery> Read()
    {
        var known = new Dictionary<string, DeclaredQuery>();
        foreach (var file in Files())
            known[file.Name] = _known.GetValueOrDefault(file.Name) is { } same && same.Version == Version(file) ? same : Read(file);

        _known = known;
        return [.. known.Values.OrderBy(query => query.Name, StringComparer.Ordinal)];
    }

    private IEnumerable<FileInfo> Files()
    {
        // Not a mistake to be told at each request: a function app may have generators only.
        return Directory.Exists(path) ? new DirectoryInfo(path).EnumerateFiles("*.sql") : [];
    }

    private static DeclaredQuery Read(FileInfo file)
    {
        var version = Version(file);
        var name = System.IO.Path.GetFileNameWithoutExtension(file.Name);
        try
        {
            if (!NamePattern().IsMatch(name))
                return Broken("A query's name has letters, digits, '-' and '_', at most 100: rename the file.");
            var (parsed, mistakes) = QueryFile.Parse(name, File.ReadAllText(file.FullName, new UTF8Encoding(false, throwOnInvalidBytes: true)));
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
/// <param name="FileName">The file's.</param>
/// <param name="Version">Which version of the file this is.</param>
/// <param name="File">What it declares, or null if it is broken.</param>
/// <param name="Mistakes">What is wrong with it.</param>
internal sealed record DeclaredQuery(
    string Name, string FileName, (DateTime Time, long Length) Version, QueryFile? File, IReadOnlyList<QueryMistake> Mistakes);
