using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.LocalHost;

namespace ChunkStream.Demo.Tests;

/// <summary>What the demo adds to an app.</summary>
public sealed class DemoEndpointTests
{
    [Fact]
    public async Task Its_generators_give_lines_and_messages_within_their_ranges()
    {
        await using var api = await LocalApi.StartAsync(LocalApp.Create());

        Assert.Equal(
            "Chunk 0\nChunk 1\n", await api.Client.GetStringAsync("/api/stream?chunks=2&intervalMs=0").Within());
        Assert.Equal(
            "{\"chunk_number\":0,\"message\":\"Chunk 0 data\"}\n{\"chunk_number\":1,\"message\":\"Chunk 1 data\"}\n",
            await api.Client.GetStringAsync("/api/json-stream?chunks=2&intervalMs=0").Within());
        Assert.Equal(
            10,
            (await api.Client.GetStringAsync("/api/stream?intervalMs=0").Within()).Count(letter => letter == '\n'));
        Assert.Equal(
            5,
            (await api.Client.GetStringAsync("/api/json-stream?intervalMs=0").Within())
                .Count(letter => letter == '\n'));
        using var refused = await api.GetAsync("/api/stream?chunks=1000001&intervalMs=300001");
        Assert.Equal(
            ["chunks", "intervalMs"],
            (await refused.ProblemAsync())["errors"]!.AsArray().Select(error => (string?)error!["parameter"]));
        Assert.Equal(400, (int)refused.StatusCode);
    }

    [Fact]
    public async Task Its_query_files_are_the_apps_and_one_of_them_is_the_default()
    {
        await using var api = await LocalApi.StartAsync(LocalApp.Create());
        var catalogue = JsonNode.Parse(await api.Client.GetStringAsync("/api/queries").Within())!;

        Assert.Equal("large_table", (string?)catalogue["default"]);
        Assert.Equal(
            ["departures", "flights", "large_table", "series"],
            catalogue["queries"]!.AsArray().Select(query => (string?)query!["name"]));
        using var head = await api.HeadAsync("/api/db-stream");
        Assert.Equal(200, (int)head.StatusCode);
    }

    [Fact]
    public async Task Files_of_ones_own_are_in_place_of_its_query_files()
    {
        using var mine = new QueryFiles().With("mine", "select 1 as a");
        await using var api = await LocalApi.StartAsync(
            LocalApp.Create(), settings: [mine.Setting, ("ChunkStream:DefaultQuery", "mine")]);
        var catalogue = JsonNode.Parse(await api.Client.GetStringAsync("/api/queries").Within())!;

        Assert.Equal("mine", (string?)catalogue["default"]);
        Assert.Equal(["mine"], catalogue["queries"]!.AsArray().Select(query => (string?)query!["name"]));
    }

    [Fact]
    public async Task Where_the_settings_name_the_folder_of_the_app_its_query_files_are_left_out()
    {
        await using var api = await LocalApi.StartAsync(
            LocalApp.Create(), settings: ("ChunkStream:QueriesPath", "queries"));
        var catalogue = JsonNode.Parse(await api.Client.GetStringAsync("/api/queries").Within())!;

        Assert.Equal(["series"], catalogue["queries"]!.AsArray().Select(query => (string?)query!["name"]));
    }

    [Fact]
    public void Its_calls_to_try_are_among_the_apps()
    {
        var examples = LocalApp.Create().Endpoints().All
            .SelectMany(endpoint => endpoint.Examples)
            .Select(call => call.Address);

        Assert.Superset(
            new HashSet<string>
            {
                "stream?chunks=10&intervalMs=1000",
                "json-stream?chunks=5&intervalMs=1000",
                "db-stream",
                "queries/large_table?limit=10",
                "public/queries/departures?live=sse",
            },
            examples.ToHashSet());
    }
}
