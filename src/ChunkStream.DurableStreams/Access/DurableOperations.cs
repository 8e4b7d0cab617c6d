namespace ChunkStream.DurableStreams.Access;

/// <summary>What somebody may do with a durable stream.</summary>
[Flags]
internal enum DurableOperations
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Read it, follow it, ask what it is, and fork it.</summary>
    Read = 1,

    /// <summary>Append to it; also what comes with its creation.</summary>
    Append = 2,

    /// <summary>Create it.</summary>
    Create = 4,

    /// <summary>Close it.</summary>
    Close = 8,

    /// <summary>Delete it.</summary>
    Delete = 16,

    /// <summary>Pass on by capability URLs what one may do oneself.</summary>
    Share = 32,
}

/// <summary>The operations by the names that people write.</summary>
internal static class DurableOperationNames
{
    private static readonly DurableOperations[] All =
        [.. Enum.GetValues<DurableOperations>().Where(operation => operation is not DurableOperations.None)];

    /// <summary>All names, for messages.</summary>
    public static string Listed { get; } = string.Join(", ", All.Select(Name));

    /// <summary>The names of those that a capability URL may have, for messages.</summary>
    public static string Shareable { get; } = string.Join(
        ", ", All.Where(operation => operation is not DurableOperations.Share).Select(Name));

    /// <summary>The operation of a name; <see cref="DurableOperations.None"/> if there is no such name.</summary>
    public static DurableOperations Parse(string name) => All.FirstOrDefault(operation => Name(operation) == name);

    /// <summary>The names of several operations.</summary>
    public static string[] Of(DurableOperations operations)
        => [.. All.Where(operation => operations.HasFlag(operation)).Select(Name)];

    private static string Name(DurableOperations operation) => operation.ToString().ToLowerInvariant();
}
