using ChunkStream.Problems;

namespace ChunkStream.Postgres.Shapes;

/// <summary>The problems that only shapes have.</summary>
internal static class ShapeProblems
{
    /// <summary>It can't be said what has changed since the position that the client has. 409.</summary>
    public static Problem MustRefetch { get; } = new(
        "urn:chunkstream:must-refetch", "Must refetch", 409,
        "It can't be said what has changed since this offset: forget all rows, and begin anew with offset=-1.");

    /// <summary>The query is not live. 404.</summary>
    /// <param name="name">Its name.</param>
    public static Problem NotLive(string name) => Problem.NotFound(
        $"The query '{name}' is not live, so it has no shape: its file does not declare it.");
}
