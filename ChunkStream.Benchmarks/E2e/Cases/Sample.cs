namespace ChunkStream.Benchmarks.E2e.Cases;

/// <summary>One measured run.</summary>
/// <param name="Records">Rows or items, counted at the client.</param>
/// <param name="Wall">From the request to the clean end.</param>
internal sealed record Sample(long Records, TimeSpan Wall)
{
    /// <summary>Bytes of the body on the wire; null where the client does not see them.</summary>
    public long? Bytes { get; init; }

    /// <summary>From the request to the first byte of the body, of the slowest stream; null likewise.</summary>
    public TimeSpan? FirstByte { get; init; }

    /// <summary>CPU time of the server's process; null where the system does not tell.</summary>
    public TimeSpan? Cpu { get; init; }
}
