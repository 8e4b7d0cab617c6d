namespace ChunkStream.Formats;

/// <summary>The formats that every streaming endpoint offers.</summary>
public static class StreamFormats
{
    /// <summary>A line a record, as text.</summary>
    public static StreamFormat Text { get; } = new TextFormat();

    /// <summary>A JSON value a line.</summary>
    public static StreamFormat Ndjson { get; } = new NdjsonFormat();

    /// <summary>One JSON array.</summary>
    public static StreamFormat Json { get; } = new JsonFormat();

    /// <summary>RFC 4180.</summary>
    public static StreamFormat Csv { get; } = new CsvFormat();

    /// <summary>Server-sent events.</summary>
    public static StreamFormat Sse { get; } = new SseFormat();

    /// <summary>One JSON object a line, which says what it is.</summary>
    public static StreamFormat Frames { get; } = new FramesFormat();

    /// <summary>All of them; of formats that a client likes equally, the earlier wins.</summary>
    public static IReadOnlyList<StreamFormat> All { get; } = [Ndjson, Json, Csv, Text, Sse, Frames];
}
