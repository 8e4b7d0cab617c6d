namespace ChunkStream.Benchmarks.E2e.Client;

/// <summary>What to ask a server for, and how its records are recognized.</summary>
/// <param name="Path">Path and query.</param>
/// <param name="Mark">What stands once in every record, as UTF-8.</param>
internal sealed record StreamRequest(string Path, byte[] Mark)
{
    /// <summary>A record ends with its line.</summary>
    public static byte[] Line { get; } = "\n"u8.ToArray();

    /// <summary>A record begins with its first column, wherever the format puts it.</summary>
    public static byte[] FirstColumn { get; } = "{\"id\":"u8.ToArray();

    /// <summary>The content encoding to ask for; null for none.</summary>
    public string? Encoding { get; init; }

    /// <summary>How often the mark stands in the body beside its records: 1 for a heading.</summary>
    public int MarksBeside { get; init; }

    /// <summary>The request's bytes.</summary>
    public byte[] ToBytes()
    {
        var accept = Encoding is null ? "" : $"Accept-Encoding: {Encoding}\r\n";
        return System.Text.Encoding.ASCII.GetBytes(
            $"GET {Path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{accept}\r\n");
    }
}
