using System.Net;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Contract;

/// <summary>Postgres fails while a stream runs: the client learns of it, and the next stream is not harmed.</summary>
[Collection(RealPostgres.Collection)]
public sealed class BackendFailureTests(RealPostgres postgres)
{
    [Theory]
    [InlineData("ndjson")]
    [InlineData("json")]
    [InlineData("csv")]
    [InlineData("text")]
    [InlineData("sse")]
    [InlineData("frames")]
    public async Task A_backend_that_is_terminated_in_mid_fetch(string format)
    {
        await using var api = await StartAsync(
            "select n, m, repeat('x', 200) as filler from generate_series(1, 30000) n, generate_series(1, 30000) m");
        using var response = await api.GetAsync("/api/db-stream?format=" + format);
        await using var body = await response.Content.ReadAsStreamAsync();
        Assert.NotEmpty(await body.ReadSomeAsync());

        await postgres.ExecuteAsync(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ChunkStream'");

        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            while ((await body.ReadSomeAsync()).Length > 0)
            {
            }
        });
        var ended = await api.Log.StreamEndedAsync();
        Assert.Contains("Failed (unavailable: ", ended.Message, StringComparison.Ordinal);
        Assert.Null(ended.Exception);
        using var next = await api.GetAsync("/api/health");
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
    }

    [Fact]
    public async Task A_query_that_fails_at_a_later_row_says_so_in_frames()
    {
        await using var api = await StartAsync("select 1 / (5000 - n) as v from generate_series(1, 10000) n");
        using var response = await api.GetAsync("/api/db-stream?format=frames");

        await using var body = await response.Content.ReadAsStreamAsync();
        var text = "";
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            while (await body.ReadSomeAsync() is { Length: > 0 } more)
                text += more;
        });

        var last = text.Split('\n')[^2];
        Assert.StartsWith("{\"error\":{", last, StringComparison.Ordinal);
        Assert.DoesNotContain("division", last, StringComparison.Ordinal);
        Assert.DoesNotContain("{\"end\":", text, StringComparison.Ordinal);
        var ended = await api.Log.StreamEndedAsync();
        Assert.Contains(
            "Failed (internal-error: 22012: division by zero) as frames", ended.Message, StringComparison.Ordinal);
        Assert.Null(ended.Exception);
    }

    [Fact]
    public async Task A_bound_that_is_passed_amid_the_rows_is_one_line_of_the_log()
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString,
            "-- max-rows: 5000\nselect n, repeat('x', 200) as filler from generate_series(1, 6000) n");
        using var response = await api.GetAsync("/api/db-stream");
        await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsStringAsync().Within());

        var ended = await api.Log.StreamEndedAsync();
        Assert.Contains(
            "Failed (too-many-rows: The query has more than 5000 rows (-- max-rows:).) as ndjson",
            ended.Message, StringComparison.Ordinal);
        Assert.Null(ended.Exception);
    }

    private async Task<LocalApi> StartAsync(string query)
    {
        await postgres.ExecuteAsync($"drop view if exists failing; create view failing as {query}");
        return await LocalApi.ServingAsync(postgres.ConnectionString, "select * from failing");
    }
}
