using System.Net;

namespace ChunkStream.Benchmarks.Smoke.Checks;

/// <summary>The app is well, and its database has the connections of at least one instance.</summary>
internal sealed class Health : ISmokeCheck
{
    public string Name => "health";

    public async Task<string> RunAsync(SmokeClient client, SmokeSettings settings, CancellationToken cancellation)
    {
        var (status, report) = await client.HealthAsync(cancellation);
        using var _ = report;
        if (status is not HttpStatusCode.OK)
            throw new SmokeFailure($"{(int)status}: {report.RootElement.GetProperty("dependencies").GetRawText()}");
        if (!report.RootElement.TryGetProperty("connections", out var connections))
            return "well; it has no database";
        var instances = connections.GetProperty("instances").GetInt32();
        return instances > 0
            ? $"well; {connections.GetProperty("perInstance")} connections an instance, of "
                + $"{connections.GetProperty("server")}: enough for {instances} instances"
            : throw new SmokeFailure(
                $"The database has {connections.GetProperty("server")} connections: fewer than one instance may use.");
    }
}
