using ChunkStream.DurableStreams.Protocol;
using ChunkStream.Problems;

namespace ChunkStream.DurableStreams.Recordings;

/// <summary>
/// Names a recording. The recordings of one endpoint are apart from those of all others, and from all other streams.
/// </summary>
/// <param name="Collection">The collection of the endpoint's recordings: one segment of a path.</param>
/// <param name="Name">The name within it, which may have slashes.</param>
internal readonly record struct RecordingName(string Collection, string Name)
{
    private const string Root = "recordings/";

    /// <summary>What the paths of the collection begin with.</summary>
    public string Prefix => $"{Root}{Collection}/";

    /// <summary>The path of the recording's stream.</summary>
    public string Path => Prefix + Name;

    /// <summary>Why no stream can have this name, or null if one can.</summary>
    public Problem? Problem => DurablePath.Check(Path);

    /// <summary>Refuses what can't be a collection.</summary>
    /// <exception cref="ArgumentException">It is not one segment of a path.</exception>
    public static void CheckCollection(string collection, string parameter)
    {
        if (collection.Contains('/', StringComparison.Ordinal) || DurablePath.Check(collection) is not null)
            throw new ArgumentException(
                $"'{collection}' can't be one segment of a path: recordings are kept under this name.", parameter);
    }
}
