using System.Diagnostics;

namespace ChunkStream.Benchmarks.Streams.Client;

/// <summary>Writes numbered messages to a stream at a steady pace, one at a time, and knows when.</summary>
/// <param name="port">The server's.</param>
/// <param name="path">The stream's.</param>
internal sealed class PacedWriter(int port, string path)
{
    private readonly long[] _sent = new long[MostMessages];
    private readonly long[] _answered = new long[MostMessages];

    private const int MostMessages = 100_000;

    /// <summary>How many so far.</summary>
    public int Messages { get; private set; }

    /// <summary>When a message was sent: a timestamp.</summary>
    public long SentAt(int number) => Volatile.Read(ref _sent[number]);

    /// <summary>When it was answered.</summary>
    public long AnsweredAt(int number) => Volatile.Read(ref _answered[number]);

    /// <summary>Writes so many a second, for so many seconds, on the caller's thread.</summary>
    public void Write(int perSecond, int seconds, CancellationToken cancellation)
    {
        using var connection = new KeepAliveConnection(port, cancellation);
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < perSecond * seconds; i++)
        {
            var request = KeepAliveConnection.Request("POST", path, StreamPaths.Json, NumberedMessages.Message(Messages));
            var early = TimeSpan.FromSeconds((double)i / perSecond) - Stopwatch.GetElapsedTime(began);
            if (early > TimeSpan.Zero)
                Thread.Sleep(early);

            Volatile.Write(ref _sent[Messages], Stopwatch.GetTimestamp());
            connection.Exchange(request);
            Volatile.Write(ref _answered[Messages], Stopwatch.GetTimestamp());
            Messages++;
        }
    }
}
