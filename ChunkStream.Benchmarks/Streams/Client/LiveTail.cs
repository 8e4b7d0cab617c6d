using System.Diagnostics;
using ChunkStream.Benchmarks.E2e.Client;

namespace ChunkStream.Benchmarks.Streams.Client;

/// <summary>
/// Follows a stream by server-sent events on the caller's thread, and measures when each message arrives.
/// </summary>
internal sealed class LiveTail : IDisposable
{
    private readonly KeepAliveConnection _connection;
    private readonly ChunkedDecoder _decoder;
    private readonly NumberedMessages _messages;
    private readonly List<(int Number, long At)> _arrivals = [];

    /// <summary>Returns once it follows the stream: whatever is written from then on will come.</summary>
    public LiveTail(int port, string path, int first, CancellationToken cancellation)
    {
        _messages = new NumberedMessages(first, number => _arrivals.Add((number, Stopwatch.GetTimestamp())));
        _decoder = new ChunkedDecoder(_messages);
        _connection = new KeepAliveConnection(port, cancellation, bufferBytes: 16 * 1024);
        _connection.Begin(StreamPaths.Follow(path));
        // The first event says where the stream ends.
        while (_decoder.Bytes == 0)
            _decoder.Take(_connection.Take(int.MaxValue));
    }

    /// <summary>Reads until all messages before a number have come.</summary>
    public void ReadUntil(int end)
    {
        while (_messages.Next < end)
        {
            _decoder.Take(_connection.Take(int.MaxValue));
            if (_decoder.IsEnded)
                throw new InvalidDataException($"The response ended before message {end - 1} had come.");
        }
    }

    /// <summary>How long each message took, from a given moment of each.</summary>
    public IEnumerable<TimeSpan> Since(Func<int, long> moment) =>
        _arrivals.Select(one => Stopwatch.GetElapsedTime(moment(one.Number), one.At));

    /// <inheritdoc />
    public void Dispose() => _connection.Dispose();
}
