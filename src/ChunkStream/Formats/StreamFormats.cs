namespace ChunkStream.Formats;

/// <summary>The formats that every stream is offered in.</summary>
public static class StreamFormats
{
    /// <summary>Lines of text: <c>text</c>.</summary>
    public static StreamFormat Text { get; } = new TextFormat();

    /// <summary>Lines of JSON: <c>ndjson</c>.</summary>
    public static StreamFormat Ndjson { get; } = new NdjsonFormat();

    /// <summary>One JSON array: <c>json</c>.</summary>
    public static StreamFormat Json { get; } = new JsonFormat();

    /// <summary>Comma-separated values by RFC 4180, with a header line: <c>csv</c>.</summary>
    public static StreamFormat Csv { get; } = new CsvFormat();

    /// <summary>Server-sent events: <c>sse</c>.</summary>
    public static StreamFormat Sse { get; } = new SseFormat();

    /// <summary>
    /// Lines of JSON that say what they are (schema, row, checkpoint, heartbeat, error, end): <c>frames</c>.
    /// </summary>
    public static StreamFormat Frames { get; } = new FramesFormat();

    /// <summary>All formats. If a client accepts several equally, the first of them wins.</summary>
    public static IReadOnlyList<StreamFormat> All { get; } = [Ndjson, Json, Csv, Text, Sse, Frames];

    /// <summary>The format of items for a client that asks for none: text if they are strings, else NDJSON.</summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    internal static StreamFormat DefaultFor<T>() => typeof(T) == typeof(string) ? Text : Ndjson;
}
