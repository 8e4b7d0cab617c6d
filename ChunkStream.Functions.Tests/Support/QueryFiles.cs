namespace ChunkStream.Functions.Tests.Support;

/// <summary>A folder of query files of a test's own.</summary>
internal sealed class QueryFiles : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("chunkstream-queries-").FullName;

    /// <summary>The setting that leads there.</summary>
    public (string Key, string Value) Setting => ("ChunkStream:QueriesPath", Folder);

    /// <summary>Writes a file, or writes it anew.</summary>
    public QueryFiles With(string name, string text)
    {
        File.WriteAllText(Path.Combine(Folder, name + ".sql"), text);
        return this;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
