using System.Text;

namespace ChunkStream.Benchmarks.E2e.Client;

/// <summary>The head of a response: what must be known before its body can be read.</summary>
internal static class ResponseHead
{
    /// <summary>How long the head is, with the empty line at its end; 0 until that line has come.</summary>
    public static int LengthIn(ReadOnlySpan<byte> bytes) => bytes.IndexOf("\r\n\r\n"u8) is var at and >= 0 ? at + 4 : 0;

    /// <summary>Makes sure that the body is what was asked for.</summary>
    /// <param name="head">The head's bytes.</param>
    /// <param name="encoding">The content encoding that was asked for; null for none.</param>
    /// <exception cref="InvalidDataException">The body is something else.</exception>
    public static void Check(ReadOnlySpan<byte> head, string? encoding)
    {
        var text = Encoding.ASCII.GetString(head);
        if (!text.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal))
            throw new InvalidDataException($"The server answered {text.Split('\r')[0]}.");
        if (!Has(text, "transfer-encoding", "chunked"))
            throw new InvalidDataException("The body is not chunked, so that nothing would tell its end from a cut.");
        if (encoding is not null && !Has(text, "content-encoding", encoding))
            throw new InvalidDataException($"The body is not {encoding}.");
    }

    private static bool Has(string head, string name, string value) =>
        head.Contains($"\r\n{name}: {value}\r\n", StringComparison.OrdinalIgnoreCase);
}
