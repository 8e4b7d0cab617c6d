using System.Net;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Functions;

/// <summary>
/// How streams end when the platform ends their invocation or their process. Each test has a worker of its own.
/// </summary>
[Collection(RunningFunctionApp.Collection)]
public sealed class PlatformEndTests(RunningFunctionApp running)
{
    [Fact]
    public async Task Streams_end_themselves_before_the_functionTimeout_and_the_worker_ends_when_its_host_says_so()
    {
        // Under 30 s a stream gets half of it.
        await using var app = await running.StartAsync(("AzureFunctionsJobHost:functionTimeout", "00:00:05"));
        using var client = RunningFunctionApp.ClientOf(app);
        await using var held = await running.HoldAsync();

        await AssertEndsAsync(client, "urn:chunkstream:deadline-reached", () => Task.CompletedTask);

        app.Terminate();
        Assert.Equal(0, await app.Process.Exited.Within());

        // This host starts no other worker, and says so to who still calls.
        using var late = await client.GetAsync("/api/health").Within();
        Assert.Equal(HttpStatusCode.InternalServerError, late.StatusCode);
    }

    [Fact]
    public async Task A_signal_ends_keyed_streams_with_a_continuation_and_cuts_the_others_and_the_process_exits()
    {
        if (OperatingSystem.IsWindows())
            return; // It has no such signal.
        await using var app = await running.StartAsync(("ChunkStream:Streaming:ShutdownSeconds", "0"));
        using var client = RunningFunctionApp.ClientOf(app);
        await using var held = await running.HoldAsync();

        await AssertEndsAsync(client, "urn:chunkstream:stopping", app.Process.SignalAsync);

        Assert.Equal(0, await app.Process.Exited.Within());
    }

    private static async Task AssertEndsAsync(HttpClient client, string problem, Func<Task> end)
    {
        // The first stream of a process takes longer to begin than these may last on a busy machine.
        (await client.GetAsync("/api/queries/rows").Within()).Dispose();
        using var keyed = await client.GetAsync(
            "/api/queries/keyed?format=frames", HttpCompletionOption.ResponseHeadersRead).Within();
        using var lines = new StreamReader(await keyed.Content.ReadAsStreamAsync());
        await lines.ReadLineAsync().Within();
        var continuation = RunningFunctionApp.ReadToContinuationAsync(lines);
        using var other = await client.GetAsync(
            "/api/queries/held?format=frames", HttpCompletionOption.ResponseHeadersRead).Within();
        await using var otherBody = await other.Content.ReadAsStreamAsync();

        await end();

        Assert.Contains(problem, await RunningFunctionApp.ReadToCutAsync(otherBody), StringComparison.Ordinal);
        var (last, ended) = await continuation.Within();
        Assert.Equal(last, ended["rows"]!.GetValue<int>());
    }
}
