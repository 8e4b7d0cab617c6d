using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;

namespace ChunkStream.Functions.Tests.Contract;

/// <summary>
/// Whatever a stream is doing when its client leaves: a second later Postgres runs none of its queries, and its
/// connection is back in the pool, which has only one.
/// </summary>
[Collection(RealPostgres.Collection)]
public sealed class LeavingTests(RealPostgres postgres)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Before_the_first_row_of_a_slow_query()
        => await LeaveAsync("select pg_sleep(600)::text as slept", readBytes: 0);

    [Fact]
    public async Task While_the_first_row_is_sorted()
        => await LeaveAsync(
            "select n, m from generate_series(1, 30000) n, generate_series(1, 30000) m order by n * m desc",
            readBytes: 0);

    [Fact]
    public async Task Between_rows_that_come_slowly()
        => await LeaveAsync(
            "select n, pg_sleep(case when n > 3 then 600 else 0 end)::text as slept from generate_series(1, 100) n",
            readBytes: 200);

    [Fact]
    public async Task While_rows_pour_in()
        => await LeaveAsync(Endless, readBytes: 5_000_000);

    [Fact]
    public async Task While_the_server_is_blocked_on_a_reader_that_does_not_read()
        => await LeaveAsync(Endless, readBytes: 1000, pause: TimeSpan.FromSeconds(1));

    [Theory]
    [InlineData(1500)]
    [InlineData(3000)]
    [InlineData(4500)]
    [InlineData(6500)]
    public async Task While_it_is_blocked_on_its_reader_and_a_row_that_was_fetched_ahead_takes_for_ever(int slowRow)
        => await LeaveAsync(
            $"select n, repeat('x', 1000) as filler, case when n >= {slowRow} then pg_sleep(600)::text end as slept "
            + "from generate_series(1, 30000) n",
            readBytes: 1000,
            pause: TimeSpan.FromSeconds(1));

    [Fact]
    public async Task At_any_byte()
    {
        var random = new Random(Seed: 3);
        for (var time = 0; time < 20; time++)
            await LeaveAsync(Endless, readBytes: random.Next(1, 2_000_000));
    }

    private const string Endless =
        "select n, m, repeat('x', 200) as filler from generate_series(1, 30000) n, generate_series(1, 30000) m";

    private async Task LeaveAsync(string query, long readBytes, TimeSpan pause = default)
    {
        await postgres.ExecuteAsync($"create or replace view left_alone as select * from ({query}) as q");
        try
        {
            await using var api = await LocalApi.ServingAsync(
                postgres.ConnectionString + ";Maximum Pool Size=1", "select * from left_alone");
            using (var client = await RawClient.GetAsync(api.Client.BaseAddress!, "/api/db-stream"))
            {
                await postgres.UntilOneRunsAsync();
                await client.ReadBytesAsync(readBytes);
                await Task.Delay(pause);
            }

            await postgres.AssertNothingRunsAsync(Limit);
            using var next = await api.GetAsync("/api/health");
            Assert.True(next.IsSuccessStatusCode, "The connection is not back in the pool.");
            var ended = await api.Log.StreamEndedAsync();
            Assert.Contains("ClientLeft", ended.Message, StringComparison.Ordinal);
            Assert.Null(ended.Exception);
            Assert.DoesNotContain(
                api.Log.Entries, entry => entry.Level >= Microsoft.Extensions.Logging.LogLevel.Warning);
        }
        finally
        {
            await postgres.ExecuteAsync("drop view left_alone");
        }
    }
}
