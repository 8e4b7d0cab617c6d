using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;
using ChunkStream.Functions.Tests.Support.FunctionsHost;

namespace ChunkStream.Functions.Tests.Functions;

/// <summary>How streams end through the host: by their client, by their invocation, by a failure.</summary>
[Collection(RunningFunctionApp.Collection)]
public sealed class EndTests(RunningFunctionApp running)
{
    [Fact]
    public async Task A_client_that_leaves_ends_the_query_and_the_log_says_so_in_its_invocation()
    {
        var (response, invocation) = await CallAsync("/api/queries/endless");
        await using (var body = await response.Content.ReadAsStreamAsync())
        {
            await body.ReadSomeAsync();
            await running.Postgres.UntilOneRunsAsync();
        }

        await running.Postgres.AssertNothingRunsAsync(TimeSpan.FromSeconds(2));
        var ended = await running.App.Log.FirstAsync(
            line => line.EventId == "StreamEnded" && line.InvocationId == invocation.Id).Within();
        Assert.Contains("query/endless ended: ClientLeft", ended.Message, StringComparison.Ordinal);
        await invocation.Ended.Within();
    }

    [Fact]
    public async Task A_keyed_stream_whose_invocation_alone_is_cancelled_ends_with_a_continuation_without_a_gap()
    {
        await using var held = await running.HoldAsync();
        var (response, invocation) = await CallAsync("/api/queries/keyed?format=frames");
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
        await lines.ReadLineAsync().Within();

        invocation.Cancel();

        var (last, end) = await RunningFunctionApp.ReadToContinuationAsync(lines).Within();
        Assert.Equal(last, end["rows"]!.GetValue<int>());
        await held.DisposeAsync();
        Assert.Equal(StatusResult.Types.Status.Success, (await invocation.Ended.Within()).Status);
        using var rest = await running.GetAsync(
            $"/api/queries/keyed?resume={Uri.EscapeDataString((string)end["continue"]!)}");
        using var more = new StreamReader(await rest.Content.ReadAsStreamAsync());
        var next = JsonNode.Parse((await more.ReadLineAsync().Within())!)!;
        Assert.Equal(last + 1, next["n"]?.GetValue<int>());
    }

    [Fact]
    public async Task Any_other_stream_whose_invocation_alone_is_cancelled_is_cut_in_each_format()
    {
        await using var held = await running.HoldAsync();
        await Task.WhenAll(StreamFormats.All.Select(async format =>
        {
            var call = $"/api/queries/held?format={format.Name}";
            var invoked = running.App.Invocations.FirstAsync(invocation => invocation.Target == call);
            using var response = await running.GetAsync(call);
            await using var body = await response.Content.ReadAsStreamAsync();
            await body.ReadUntilAsync("1");

            (await invoked.Within()).Cancel();

            var rest = await RunningFunctionApp.ReadToCutAsync(body);
            if (format.Name is "sse" or "frames")
                Assert.Contains("urn:chunkstream:stopping", rest, StringComparison.Ordinal);
        }));
        await running.Postgres.AssertNothingRunsAsync();
    }

    [Fact]
    public async Task A_failure_before_the_first_byte_is_a_problem()
    {
        var (response, invocation) = await CallAsync("/api/queries/failing");

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Equal("urn:chunkstream:internal-error", (string?)(await response.ProblemAsync())["type"]);
        Assert.Equal(StatusResult.Types.Status.Success, (await invocation.Ended.Within()).Status);
    }

    [Fact]
    public async Task A_failure_after_the_first_byte_never_ends_cleanly_in_any_format()
        => await Task.WhenAll(StreamFormats.All.Select(async format =>
        {
            using var response = await running.GetAsync($"/api/queries/failing_late?format={format.Name}");
            await using var body = await response.Content.ReadAsStreamAsync();

            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            var all = await RunningFunctionApp.ReadToCutAsync(body);
            if (format.Name is "sse" or "frames")
                Assert.Contains("urn:chunkstream:internal-error", all, StringComparison.Ordinal);
        }));

    [Fact]
    public async Task A_client_of_HTTP_1_0_sees_a_failure_as_a_reset_since_its_bodies_have_no_other_end()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(running.App.Address.Host, running.App.Address.Port).Within();
        await socket.SendAsync("GET /api/queries/failing_late HTTP/1.0\r\nHost: localhost\r\n\r\n"u8.ToArray());

        var read = 0;
        var buffer = new byte[64 * 1024];
        await Assert.ThrowsAsync<SocketException>(async () =>
        {
            while (await socket.ReceiveAsync(buffer).Within() is > 0 and var length)
                read += length;
        });
        Assert.InRange(read, 10_000, int.MaxValue);
    }

    [Fact]
    public async Task A_broken_query_file_is_told_on_the_console_because_the_host_drops_what_is_logged_at_start()
    {
        var told = await running.App.Log.FirstAsync(
            line => line.Category == FunctionApp.Console
                && line.Message.Contains("broken.sql is broken, line 1", StringComparison.Ordinal)).Within();

        Assert.StartsWith("Error: ChunkStream.Postgres.Queries.", told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task So_is_a_Postgres_that_is_too_old_and_is_found_out_between_two_invocations()
    {
        var (line, connectionString) = ClaimedVersion.Before(running.Postgres.ConnectionString, "14");
        await using var claiming = line;
        await using var app = await running.StartAsync(("ConnectionStrings:Postgres", connectionString));
        using var client = RunningFunctionApp.ClientOf(app);

        // This request needs no database. After its response the app checks its queries, and needs one.
        using var response = await client.GetAsync("/api/queries/none").Within();
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);

        await app.Log.FirstAsync(told => told.Category == FunctionApp.Console
            && told.Message.Contains("The database is PostgreSQL 14", StringComparison.Ordinal)).Within();
    }

    private async Task<(HttpResponseMessage Response, Invocation Invocation)> CallAsync(string path)
    {
        var before = running.App.Invocations.All.Length;
        var response = await running.GetAsync(path);
        return (response, Assert.Single(running.App.Invocations.All[before..]));
    }
}
