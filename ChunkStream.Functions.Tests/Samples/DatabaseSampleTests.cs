using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Chat;
using ChunkStream.Functions.Tests.DurableStreams;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.FunctionsHost;
using Npgsql;

namespace ChunkStream.Functions.Tests.Samples;

/// <summary>The samples that need a database do what they show.</summary>
[Collection(RealPostgres.Collection)]
public sealed class DatabaseSampleTests(RealPostgres postgres) : IAsyncLifetime
{
    private readonly string _database = $"sample_{Guid.NewGuid():N}";

    public Task InitializeAsync() => postgres.ExecuteAsync($"create database {_database}");

    public Task DisposeAsync() => postgres.ExecuteAsync($"drop database {_database} with (force)");

    [Fact]
    public async Task The_minimal_API_streams_the_rows_of_a_query()
    {
        await using var sample = await StartAsync("MinimalApi");

        var rows = await sample.Client.GetStringAsync("/roots?count=2&format=csv");

        Assert.Equal("n,root\r\n1,1\r\n2,1.4142135623730951\r\n", rows);
    }

    [Fact]
    public async Task Rows_of_EF_Core_and_of_Dapper_stream_alike()
    {
        await using var sample = await StartAsync("DatabaseRows");

        var lines = (await sample.Client.GetStringAsync("/ef/orders?min=998")).Split('\n');
        Assert.Equal("""{"id":998,"customer":"customer 8","amount":998.0}""", lines[0]);
        Assert.Equal(4, lines.Length);
        Assert.Equal(lines, (await sample.Client.GetStringAsync("/dapper/orders?min=998")).Split('\n'));
        var all = await sample.Client.GetStringAsync("/dapper/orders?min=0");
        Assert.Equal(1000, all.Count(character => character == '\n'));
    }

    [Fact]
    public async Task The_function_app_streams_a_generator_and_has_a_chat_that_is_resumed_and_stopped()
    {
        var folder = Built.Folder("samples", "FunctionApp");
        Assert.Equal(
            ["chat", "chat-stream", "ticks"],
            HostedFunction.ReadFile(folder).Select(function => function.Name).Order());
        await using var sample = await FunctionApp.StartAsync(
            folder, [KeyValuePair.Create("ConnectionStrings__Postgres", ConnectionString)])
            .Within(WebProgram.StartLimit);
        using var client = RunningFunctionApp.ClientOf(sample);

        Assert.Equal(SampleTests.Ticks, await client.GetStringAsync("/api/ticks").Within());

        // The host forwards addresses in its own spelling. Not each time, because the machine may have much else to do.
        var took = TimeSpan.MaxValue;
        for (var attempt = 0; attempt < 8 && took > TimeSpan.FromSeconds(1); attempt++)
            took = await StoppedAsync(client, $"a/b ü?%{attempt}");
        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        using (var failed = await AskAsync(client, "failing", "a few"))
            Assert.Equal("failed", ChatInstances.Outcome(await ChatInstances.DataAsync(failed)));

        // The host drops what is logged after an invocation, and answers go on after theirs.
        await sample.Log.FirstAsync(told => told.Category == FunctionApp.Console && told.Message.StartsWith(
            "Error: ChunkStream.Chat.Runs.ChatRun[80] An answer of chat failed", StringComparison.Ordinal)).Within();
        foreach (var invocation in sample.Invocations.All)
            Assert.Equal(StatusResult.Types.Status.Success, (await invocation.Ended.Within()).Status);
    }

    // How long a stop takes of an answer that two readers have.
    private static async Task<TimeSpan> StoppedAsync(HttpClient client, string id)
    {
        using var first = await AskAsync(client, id, "10000");
        await using var body = await first.Content.ReadAsStreamAsync();
        var read = await body.ReadUntilAsync("\"3 \"");
        var stream = ChatInstances.StreamUrl(id);
        using var second = await client.GetAsync(stream, HttpCompletionOption.ResponseHeadersRead).Within();
        await using var resumed = await second.Content.ReadAsStreamAsync();
        var readAgain = await resumed.ReadUntilAsync("\"5 \"");

        var run = (string)JsonNode.Parse(SseReader.Events(read)[0].Data)!["messageId"]!;
        var clock = Stopwatch.StartNew();
        using var stopped = await client.DeleteAsync($"{stream}?run={run}").Within();
        var took = stopped.StatusCode is HttpStatusCode.NoContent ? clock.Elapsed : TimeSpan.MaxValue;

        read += await body.ReadUntilAsync("[DONE]\n\n");
        readAgain += await resumed.ReadUntilAsync("[DONE]\n\n");
        var data = SseReader.Events(read).Select(one => one.Data).ToArray();
        Assert.Equal(data, SseReader.Events(readAgain).Select(one => one.Data));
        Assert.Equal("stopped", ChatInstances.Outcome(data));
        Assert.StartsWith("1 2 3 4 5 ", ChatInstances.Text(data), StringComparison.Ordinal);
        using var nothing = await client.GetAsync(stream).Within();
        Assert.Equal(HttpStatusCode.NoContent, nothing.StatusCode);
        return took;
    }

    private static async Task<HttpResponseMessage> AskAsync(HttpClient client, string id, string text)
    {
        using var asking = new HttpRequestMessage(HttpMethod.Post, "/api/chat")
        {
            Content = new StringContent(ChatInstances.UiBody(id, text), Encoding.UTF8, "application/json"),
        };
        return await client.SendAsync(asking, HttpCompletionOption.ResponseHeadersRead).Within();
    }

    private string ConnectionString
        => new NpgsqlConnectionStringBuilder(postgres.ConnectionString) { Database = _database }.ConnectionString;

    private Task<WebProgram> StartAsync(string sample)
        => WebProgram.StartAsync(
            Path.Combine(Built.Folder("samples", sample), $"{sample}.dll"),
            ("ConnectionStrings__Postgres", ConnectionString));
}
