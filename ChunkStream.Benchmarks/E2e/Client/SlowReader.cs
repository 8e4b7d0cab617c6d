using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace ChunkStream.Benchmarks.E2e.Client;

/// <summary>
/// Reads at most 64 KiB a second, and leaves in the end. There are hundreds of these readers, so each waits without a
/// thread.
/// </summary>
internal static class SlowReader
{
    private const int BytesAtOnce = 8 * 1024;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(125);

    /// <summary>Reads for a time, or to the end of the body.</summary>
    /// <exception cref="InvalidDataException">The answer is not what was asked for, or it was cut off.</exception>
    public static async Task<StreamRead> ReadAsync(
        int port, StreamRequest request, TimeSpan length, CancellationToken cancellation)
    {
        var began = Stopwatch.GetTimestamp();
        var counter = new MarkCounter(request.Mark);
        var decoder = new ChunkedDecoder(counter);
        var buffer = new byte[BytesAtOnce];

        // By default, the kernel's buffer would take megabytes of a stream that nobody reads.
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            ReceiveBufferSize = BytesAtOnce,
        };
        await socket.ConnectAsync(IPAddress.Loopback, port, cancellation);
        await socket.SendAsync(request.ToBytes(), cancellation);

        // The head comes at once and as a whole, also that of an error.
        var read = await socket.ReceiveAsync(buffer, cancellation);
        var head = ResponseHead.LengthIn(buffer.AsSpan(0, read));
        ResponseHead.Check(buffer.AsSpan(0, head), request.Encoding);
        decoder.Take(buffer.AsSpan(head, read - head));

        TimeSpan? first = null;
        while (Stopwatch.GetElapsedTime(began) < length && !decoder.IsEnded)
        {
            read = await socket.ReceiveAsync(buffer, cancellation);
            if (read == 0)
                throw new InvalidDataException($"A slow reader was cut off after {decoder.Bytes} bytes.");

            decoder.Take(buffer.AsSpan(0, read));
            first ??= Stopwatch.GetElapsedTime(began);
            await Task.Delay(Pause, cancellation);
        }

        return first is null
            ? throw new InvalidDataException($"A reader had not a byte within {length.TotalSeconds:0} s.")
            : new StreamRead(counter.Count, decoder.Bytes, first.Value, Stopwatch.GetElapsedTime(began));
    }
}
