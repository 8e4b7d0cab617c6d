using System.Net;
using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.App;

[Collection(RealPostgres.Collection)]
public sealed class DatabaseEndpointTests(RealPostgres postgres) : IAsyncLifetime
{
    private const int Rows = 20_000;
    private LocalApi _api = null!;

    public async Task InitializeAsync()
    {
        await postgres.ExecuteAsync($"""
            drop table if exists "Streamed Table";
            create table "Streamed Table" as
                select n as id, 'row ' || n as name, array[n, n + 1] as pair from generate_series(1, {Rows}) n
            """);
        _api = await StartAsync("\"Streamed Table\"");
    }

    public async Task DisposeAsync() => await _api.DisposeAsync();

    [Fact]
    public async Task The_rows_of_the_default_query_are_streamed()
    {
        using var response = await _api.GetAsync("/api/db-stream");
        Assert.Equal("application/x-ndjson; charset=utf-8", response.Content.Headers.ContentType!.ToString());

        var lines = (await response.Content.ReadAsStringAsync().Within()).Split('\n')[..^1];

        Assert.Equal(await postgres.OracleAsync("select * from \"Streamed Table\""), lines);
    }

    [Fact]
    public async Task A_client_that_leaves_in_the_middle_frees_the_backend()
    {
        await postgres.ExecuteAsync(
            "create or replace view endless as select n, repeat('x', 1000) as filler "
            + "from generate_series(1, 7000) n, generate_series(1, 7000) m");
        await using var api = await StartAsync("endless");
        using (var response = await api.GetAsync("/api/db-stream"))
        {
            await using var body = await response.Content.ReadAsStreamAsync();
            Assert.NotEmpty(await body.ReadSomeAsync());
        }

        await postgres.AssertNothingRunsAsync();
        Assert.Contains("ClientLeft", (await api.Log.StreamEndedAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HEAD_runs_no_query()
    {
        await using var api = await LocalApi.ServingAsync("Host=127.0.0.1;Port=1;Username=nobody", "select 1 as a");
        using var response = await api.HeadAsync("/api/db-stream");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task A_query_that_does_not_fit_the_database_is_the_servers_fault_and_says_so()
    {
        await using var api = await StartAsync("no_such_table");
        using var response = await api.GetAsync("/api/db-stream");

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        var problem = await response.ProblemAsync();
        Assert.Equal("urn:chunkstream:broken-query", (string?)problem["type"]);
        Assert.DoesNotContain("no_such_table", problem.ToJsonString(), StringComparison.Ordinal);
        Assert.StartsWith(
            "A table that the query reads is not in the database.", (string?)problem["detail"],
            StringComparison.Ordinal);
        var ended = await api.Log.StreamEndedAsync();
        Assert.Contains(
            "(broken-query: 42P01: relation \"no_such_table\" does not exist) as ndjson", ended.Message,
            StringComparison.Ordinal);
        Assert.Null(ended.Exception);
    }

    [Fact]
    public async Task While_Postgres_is_down_there_is_503_and_afterwards_all_is_well_again()
    {
        Assert.Equal("healthy", await HealthAsync(HttpStatusCode.OK));
        await postgres.StopAsync();
        try
        {
            using var response = await _api.GetAsync("/api/db-stream");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
            Assert.NotNull(response.Headers.RetryAfter);
            var problem = (await response.ProblemAsync()).ToJsonString();
            Assert.DoesNotContain("127.0.0.1", problem, StringComparison.Ordinal);
            Assert.Equal("unhealthy", await HealthAsync(HttpStatusCode.ServiceUnavailable));
        }
        finally
        {
            await postgres.StartAgainAsync();
        }

        Assert.Equal("healthy", await HealthAsync(HttpStatusCode.OK));
        Assert.Equal(Rows, (await _api.Client.GetStringAsync("/api/db-stream").Within()).Count(c => c == '\n'));
    }

    [Fact]
    public async Task Health_says_for_how_many_instances_the_database_has_connections()
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString + ";Maximum Pool Size=15", "select 1 as a",
            ("ChunkStream:Streams:Connections", "7"));
        using var response = await api.GetAsync("/api/health");

        // 300, less three that the server keeps for its administrators. An instance has both pools, three
        // connections beside that of the streams, and three for live queries.
        Assert.Equal(
            "{\"perInstance\":28,\"server\":297,\"instances\":10}",
            JsonNode.Parse(await response.Content.ReadAsStringAsync().Within())!["connections"]!.ToJsonString());
    }

    [Fact]
    public async Task A_restart_of_Postgres_between_two_requests_goes_unnoticed()
    {
        for (var restart = 0; restart < 3; restart++)
        {
            Assert.Equal(Rows, (await _api.Client.GetStringAsync("/api/db-stream").Within()).Count(c => c == '\n'));
            await postgres.RestartAsync();
        }
    }

    [Fact]
    public async Task Without_a_connection_string_the_generators_work_and_the_database_is_said_to_be_missing()
    {
        await using var api = await LocalApi.ServingAsync("", "select 1 as a");
        using var response = await api.GetAsync("/api/db-stream");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Contains(
            "ConnectionStrings:Postgres", (await response.ProblemAsync()).ToJsonString(), StringComparison.Ordinal);
        Assert.Equal("Line 0\n", await api.Client.GetStringAsync("/api/lines?count=1").Within());
    }

    private Task<LocalApi> StartAsync(string table)
        => LocalApi.ServingAsync(postgres.ConnectionString, $"select * from {table}");

    private async Task<string?> HealthAsync(HttpStatusCode status)
    {
        using var response = await _api.GetAsync("/api/health");
        Assert.Equal(status, response.StatusCode);
        var report = JsonNode.Parse(await response.Content.ReadAsStringAsync().Within())!;
        Assert.StartsWith(
            status is HttpStatusCode.OK ? "up" : "down: ", (string?)report["dependencies"]!["postgres"],
            StringComparison.Ordinal);
        Assert.Equal(status is HttpStatusCode.OK, report["connections"]!["server"] is not null);
        return (string?)report["status"];
    }
}
