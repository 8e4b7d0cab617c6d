using System.Diagnostics;

namespace ChunkStream.Benchmarks.Streams.Client;

/// <summary>
/// Writes numbered messages to a stream at a steady pace, and keeps the times. It has one connection, so the messages
/// stay in order. What becomes due while it waits for an answer is sent together, as the protocol's own clients do it:
/// so a slow server does not slow the pace.
/// </summary>
/// <param name="port">The port of the server.</param>
/// <param name="path">The path of the stream.</param>
/// <param name="perSecond">How many messages are written a second.</param>
/// <param name="seconds">For how many seconds.</param>
internal sealed class PacedWriter(int port, string path, int perSecond, int seconds)
{
    private readonly long[] _answered = new long[perSecond * seconds];
    private long _began;

    /// <summary>How many messages will be written.</summary>
    public int Messages => _answered.Length;

    /// <summary>When a message was due: a timestamp.</summary>
    public long DueAt(int number) => Volatile.Read(ref _began) + (number * Stopwatch.Frequency / perSecond);

    /// <summary>When a message was answered: a timestamp.</summary>
    public long AnsweredAt(int number) => Volatile.Read(ref _answered[number]);

    /// <summary>Writes all messages, on the caller's thread.</summary>
    public void Write(CancellationToken cancellation)
    {
        using var connection = new KeepAliveConnection(port, cancellation);
        Volatile.Write(ref _began, Stopwatch.GetTimestamp());
        for (var next = 0; next < Messages;)
        {
            var early = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), DueAt(next));
            if (early > TimeSpan.Zero)
                Thread.Sleep(early);

            var end = next + 1;
            while (end < Messages && DueAt(end) <= Stopwatch.GetTimestamp())
                end++;
            connection.Exchange(
                KeepAliveConnection.Request("POST", path, StreamPaths.Json, NumberedMessages.Array(next, end)));
            var answered = Stopwatch.GetTimestamp();
            for (; next < end; next++)
                Volatile.Write(ref _answered[next], answered);
        }
    }
}
