using ChunkStream.Benchmarks.E2e;

namespace ChunkStream.Benchmarks.Streams;

/// <summary>The benchmark of durable streams.</summary>
internal static class StreamsRun
{
    private const string HowToRead =
        """
        Medians over the rounds, whose cases run in turns after one warm-up each; × is the median over the rounds of how
        many times as long a record takes as in the same round of the case named: less is faster. Every contestant is a
        process of its own; CPU and peak memory are that process's, memory since its start; Postgres's are not in it,
        whereas the reference server stores by itself. A record is a message, or an append to a stream of bytes; all
        that were acknowledged are read again, and counted. Every message has 200 bytes. The clients run on the same
        machine and read bare sockets. "Since due" is from when a message was to be written (what becomes due while the
        writer awaits an answer goes together), "since answered" from its POST's answer, which comes after the commit,
        to the message's last byte at a reader who follows the stream by server-sent events.
        """;

    // This includes filling the streams that are read.
    private static readonly TimeSpan RunLimit = TimeSpan.FromMinutes(3);

    /// <summary>Runs it, and gives the process's exit code.</summary>
    public static Task<int> RunAsync(StreamsSettings settings, CancellationToken cancellation)
    {
        // Postgres itself counts the calls of the streams' SQL functions.
        var databases = new TestDatabases(KeyValuePair.Create("track_functions", "pl"));
        var plan = new BenchmarkPlan(
            StreamsCommand.Name,
            "Durable streams",
            HowToRead,
            settings.Rounds,
            RunLimit,
            settings.Only,
            settings.Output,
            settings.CommandLine);
        return BenchmarkRun.RunAsync(plan, databases, new StreamGroups(settings, databases).All, cancellation);
    }
}
