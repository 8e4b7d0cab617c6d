namespace ChunkStream.Benchmarks.E2e.Client;

/// <summary>What to ask a server for, and how its records are recognized.</summary>
/// <param name="Path">The path and the query string.</param>
/// <param name="Mark">Bytes that stand exactly once in every record.</param>
internal sealed record StreamRequest(string Path, byte[] Mark)
{
    /// <summary>A request for records that each end with a line break.</summary>
    public static byte[] Line { get; } = "\n"u8.ToArray();

    /// <summary>
    /// A request for records that each have the name of the first column, wherever the format puts it.
    /// </summary>
    public static byte[] FirstColumn { get; } = "{\"id\":"u8.ToArray();

    /// <summary>The content encoding to ask for; null for none.</summary>
    public string? Encoding { get; init; }

    /// <summary>How often the mark stands in the body outside of records: once if there is a heading.</summary>
    public int MarksBeside { get; init; }

    /// <summary>The bytes of the request.</summary>
    public byte[] ToBytes()
    {
        var accept = Encoding is null ? "" : $"Accept-Encoding: {Encoding}\r\n";
        return System.Text.Encoding.ASCII.GetBytes(
            $"GET {Path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{accept}\r\n");
    }
}
