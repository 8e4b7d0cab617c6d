using ChunkStream.Benchmarks.E2e.Cases;

namespace ChunkStream.Benchmarks.E2e;

/// <summary>The end-to-end benchmark.</summary>
internal static class E2eRun
{
    private const string HowToRead =
        """
        Medians over the rounds, whose cases run in turns after one warm-up each; × is the median over the rounds of how
        many times as long a record takes as in the same round of the case named: less is faster. Every contestant is a
        process of its own; CPU and peak memory are that process's (Postgres's are not in it), memory since its start.
        MB are millions of bytes of the body on the wire. The client runs on the same machine, reads a bare socket, and
        counts the records of every stream; first byte is the slowest stream's, from before the connection is opened.
        The slowest peers run two rounds at most, the memory cases one and without a warm-up.
        """;

    /// <summary>Runs it, and gives the process's exit code.</summary>
    public static Task<int> RunAsync(E2eSettings settings, CancellationToken cancellation)
    {
        var databases = new TestDatabases();
        var plan = new BenchmarkPlan(
            E2eCommand.Name,
            "End to end",
            HowToRead,
            settings.Rounds,
            settings.RunLimit,
            settings.Only,
            settings.Output,
            settings.CommandLine);
        return BenchmarkRun.RunAsync(plan, databases, new CaseGroups(settings, databases).All, cancellation);
    }
}
