using System.IO.Compression;

namespace ChunkStream.Benchmarks.E2e.Client;

/// <summary>
/// Keeps a compressed body, so that it is unpacked after the clock has stopped: the client must cost the same in all
/// cases.
/// </summary>
/// <param name="encoding"><c>gzip</c> or <c>br</c>.</param>
internal sealed class CompressedBody(string encoding) : IBodySink, IDisposable
{
    private readonly MemoryStream _bytes = new();

    public void Take(ReadOnlySpan<byte> bytes) => _bytes.Write(bytes);

    /// <summary>Hands the decompressed body to a sink.</summary>
    /// <exception cref="InvalidDataException">The body is damaged.</exception>
    public void CopyTo(IBodySink sink)
    {
        _bytes.Position = 0;
        using Stream plain = encoding == "br"
            ? new BrotliStream(_bytes, CompressionMode.Decompress, leaveOpen: true)
            : new GZipStream(_bytes, CompressionMode.Decompress, leaveOpen: true);
        var buffer = new byte[64 * 1024];
        while (plain.Read(buffer) is var length and > 0)
            sink.Take(buffer.AsSpan(0, length));
    }

    public void Dispose() => _bytes.Dispose();
}
