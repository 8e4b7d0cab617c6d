namespace ChunkStream.Formats;

/// <summary>The formats that every streaming endpoint offers.</summary>
public static class StreamFormats
{
    /// <summary>A line a record, as text.</summary>
    public static StreamFormat Text { get; } = new TextFormat();

    /// <summary>A JSON value a line.</summary>
    public static StreamFormat Ndjson { get; } = new NdjsonFormat();

    /// <summary>All of them; of formats that a client likes equally, the earlier wins.</summary>
    public static IReadOnlyList<StreamFormat> All { get; } = [Ndjson, Text];
}
