using System.IO.Compression;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using ChunkStream.Formats;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ChunkStream.Http;

/// <summary>
/// Takes a stream's bytes, and sends them plain or through a compressor. Flushing the writer sends everything that was
/// written so far, in both cases.
/// </summary>
internal sealed class ResponseBody : IAsyncDisposable
{
    // The first wins if the client accepts both equally: at their fastest levels, Brotli makes rows a seventh smaller
    // than gzip does, in the same time.
    private static readonly string[] Offered = ["br", "gzip"];

    private readonly HttpResponse _response;
    private readonly CuttableStream? _compressed;

    private ResponseBody(HttpResponse response, PipeWriter writer, CuttableStream? compressed)
        => (_response, Writer, _compressed) = (response, writer, compressed);

    /// <summary>Takes the bytes of the stream.</summary>
    public PipeWriter Writer { get; }

    /// <summary>Chooses the compression by Accept-Encoding, and sets Content-Encoding.</summary>
    public static ResponseBody For(HttpContext http, StreamFormat format)
    {
        var encoding = format.IsWorthCompressing ? Choose(http.Request.GetTypedHeaders().AcceptEncoding) : null;
        if (encoding is null)
            return new ResponseBody(http.Response, http.Response.BodyWriter, compressed: null);

        http.Response.Headers.ContentEncoding = encoding;
        var target = new CuttableStream(http.Response.BodyWriter.AsStream(leaveOpen: true));

        return new ResponseBody(http.Response, PipeWriter.Create(Compressor(encoding, target)), target);
    }

    // The fastest level, because the stream has to keep up with its source: higher levels save a few percent for many
    // times the work. (In a method of its own: what it names is loaded where it is called.)
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Stream Compressor(string encoding, Stream target) => encoding == "br"
        ? new BrotliStream(target, CompressionLevel.Fastest)
        : new GZipStream(target, CompressionLevel.Fastest);

    /// <summary>Ends a body that is complete.</summary>
    public async Task CompleteAsync()
    {
        if (_compressed is not null)
            await Writer.CompleteAsync().ConfigureAwait(false);
        await _response.CompleteAsync().ConfigureAwait(false);
    }

    /// <summary>
    /// Frees what the body holds. If it was not completed, nothing is written that would mark an end.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (_compressed is null)
            return;

        // A compressor that is disposed writes its end mark, by which a client would take the body for complete.
        _compressed.Cut();
        await Writer.CompleteAsync().ConfigureAwait(false);
    }

    private static string? Choose(IList<StringWithQualityHeaderValue> accepted)
    {
        var (best, most) = ((string?)null, Quality("identity", accepted) ?? 0);
        foreach (var encoding in Offered)
        {
            var quality = Quality(encoding, accepted) ?? Quality("*", accepted) ?? 0;
            if (quality > most || (best is null && quality > 0 && quality == most))
                (best, most) = (encoding, quality);
        }

        return best;
    }

    private static double? Quality(string name, IList<StringWithQualityHeaderValue> accepted)
        => accepted.FirstOrDefault(value => value.Value.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } value
            ? value.Quality ?? 1
            : null;
}
