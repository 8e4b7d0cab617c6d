namespace ChunkStream.Benchmarks.E2e.Client;

/// <summary>Takes the bytes of a response's body, without the framing around them.</summary>
internal interface IBodySink
{
    /// <summary>Takes the next bytes; they are valid until it returns.</summary>
    void Take(ReadOnlySpan<byte> bytes);
}
