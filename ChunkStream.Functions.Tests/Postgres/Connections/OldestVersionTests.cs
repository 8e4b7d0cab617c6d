using System.Net;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;

namespace ChunkStream.Functions.Tests.Postgres.Connections;

[Collection(RealPostgres.Collection)]
public sealed class OldestVersionTests(RealPostgres postgres)
{
    [Theory]
    [InlineData("14", "down: The database is PostgreSQL 14, and 15 or later is needed.")]
    [InlineData("15", "up")]
    public async Task A_server_that_is_too_old_is_named_once_in_the_log_and_in_health(string major, string expected)
    {
        var (line, connectionString) = ClaimedVersion.Before(postgres.ConnectionString, major);
        await using var claiming = line;
        await using var api = await LocalApi.StartAsync(connectionString);

        for (var n = 0; n < 2; n++)
        {
            using var health = await api.GetAsync("/api/health");
            Assert.Equal(expected == "up" ? HttpStatusCode.OK : HttpStatusCode.ServiceUnavailable, health.StatusCode);
            Assert.Contains(
                $"\"postgres\":\"{expected}\"", await health.Content.ReadAsStringAsync().Within(),
                StringComparison.Ordinal);
        }

        Assert.Equal(
            expected == "up" ? [] : [expected["down: ".Length..]],
            api.Log.Entries.Where(entry => entry.Event.Name == "PostgresTooOld").Select(entry => entry.Message));
    }
}
