using ChunkStream.Benchmarks.E2e;
using ChunkStream.Benchmarks.E2e.Cases;

namespace ChunkStream.Benchmarks.Identity;

/// <summary>The benchmark of requests by users.</summary>
internal static class IdentityRun
{
    private const string Plain = "plain";

    private const string HowToRead =
        """
        Medians over the rounds, whose cases run in turns after one warm-up each; × is the median over the rounds of
        how many times as long a request takes as in the same round of the case named. All cases ask the same process,
        one request after another on one connection that is kept alive, for the same ten rows of a table; the client
        checks their number. "ms a request" is from the request to the end of its answer: the median of the rounds'
        medians. What it is more than without a user is what identity costs: checking the token's signature (RS256,
        whose key is known), and setting claims and role in the transaction.
        """;

    private static readonly TimeSpan RunLimit = TimeSpan.FromMinutes(1);

    /// <summary>Runs it, and gives the process's exit code.</summary>
    public static async Task<int> RunAsync(IdentitySettings settings, CancellationToken cancellation)
    {
        var databases = new TestDatabases();
        await using var server = new IdentityServer(databases);
        var plan = new BenchmarkPlan(
            IdentityCommand.Name,
            "Requests by users",
            HowToRead,
            settings.Rounds,
            RunLimit,
            settings.Only,
            settings.Output,
            settings.CommandLine);
        var group = new CaseGroup(
            "requests",
            "Ten rows a request (goal: a user costs less than 0.3 ms)",
            [Plain],
            [
                Case(Plain, "queries/plain", "without a user"),
                Case("claims", "public/queries/claims", "for a user, by a parameter that is a claim"),
                Case("policy", "public/queries/policy", "**for a user**, by a role and a policy of the database"),
            ]);
        return await BenchmarkRun.RunAsync(plan, databases, [group], cancellation);

        RequestsCase Case(string name, string path, string what)
            => new(name, what, server, path, name != Plain, settings.Requests);
    }
}
