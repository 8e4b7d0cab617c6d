namespace ChunkStream.Benchmarks.E2e.Cases;

/// <summary>Cases that run in turns, and are compared with each other: one table.</summary>
/// <param name="Name">The name that <c>--only</c> takes for all of them.</param>
/// <param name="Title">The table's heading.</param>
/// <param name="Baselines">Names of the cases that the others are compared with.</param>
/// <param name="Cases">The cases, in the order of their turns.</param>
internal sealed record CaseGroup(
    string Name, string Title, IReadOnlyList<string> Baselines, IReadOnlyList<IBenchmarkCase> Cases)
{
    /// <summary>
    /// The group with those of its cases that are asked for; with all of them if the group itself is asked for.
    /// </summary>
    public CaseGroup Only(IReadOnlyCollection<string> names) =>
        names.Count == 0 || names.Contains(Name)
            ? this
            : this with { Cases = [.. Cases.Where(one => names.Contains(one.Name))] };
}
