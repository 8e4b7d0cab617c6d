using System.Diagnostics;

namespace ChunkStream.Benchmarks.Streams.Client;

/// <summary>
/// Writes numbered messages to a stream at a steady pace, and keeps the times. It has one connection, so the messages
/// stay in order. What becomes due while it waits for an answer is sent together, as the protocol's own clients do it:
/// so a slow server does not slow the pace.
/// </summary>
/// <param name="port">The server's.</param>
/// <param name="path">The stream's.</param>
/// <param name="perSecond">How many a second.</param>
/// <param name="seconds">For how long.</param>
internal sealed class PacedWriter(int port, string path, int perSecond, int seconds)
{
    private readonly long[] _answered = new long[perSecond * seconds];
    private long _began;

    /// <summary>How many there are to be.</summary>
    public int Messages => _answered.Length;

    /// <summary>When a message was due: a timestamp.</summary>
    public long DueAt(int number) => Volatile.Read(ref _began) + (number * Stopwatch.Frequency / perSecond);

    /// <summary>When it was answered.</summary>
    public long AnsweredAt(int number) => Volatile.Read(ref _answered[number]);

    /// <summary>Writes all of them, on the caller's thread.</summary>
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
