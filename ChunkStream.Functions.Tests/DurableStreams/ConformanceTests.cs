using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>The public conformance suite of the protocol (npm <c>@durable-streams/server-conformance-tests</c>), against the local host and a real Postgres.</summary>
[Collection(RealPostgres.Collection)]
public sealed class ConformanceTests(RealPostgres postgres)
{
    // Of suite 0.3.6. What it does not run by itself are its tests of subscriptions, which are not offered.
    private const int Expected = 332;
    private const string Subscriptions = "Reserved subscription APIs";

    // A minute of it is waiting: for streams to expire, and for what must not come.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(8);

    [Fact]
    public async Task All_tests_of_the_suite_pass()
    {
        var suite = await NodeProject.InstalledAsync("ChunkStream.Functions.Tests", "DurableStreams", "Conformance");
        await using var api = await LocalApi.StartAsync(
            postgres.ConnectionString,
            settings: [("ChunkStream:Streams:LongPollSeconds", "2"), ("ChunkStream:LocalHost:CorsOrigins", "*")]);
        var report = Path.Combine(Directory.CreateTempSubdirectory("chunkstream-conformance-").FullName, "report.json");

        await using var run = RunningProgram.Start(
            "node",
            [Path.Combine("node_modules", "vitest", "vitest.mjs"), "run", "--reporter=json", $"--outputFile={report}", "--testTimeout=30000"],
            suite,
            ("CONFORMANCE_TEST_URL", $"{api.Origin}/api/streams"));
        var (_, output, errors) = await run.EndAsync(Limit);

        Assert.True(File.Exists(report), output + errors);
        var tests = JsonNode.Parse(await File.ReadAllTextAsync(report))!["testResults"]!.AsArray()
            .SelectMany(file => file!["assertionResults"]!.AsArray())
            .Select(test => (Name: test!["fullName"]!.GetValue<string>(), Status: test["status"]!.GetValue<string>(), Messages: test["failureMessages"]!.ToJsonString()))
            .ToArray();
        Directory.Delete(Path.GetDirectoryName(report)!, recursive: true);

        var notPassed = tests.Where(test => test.Status != "passed" && !test.Name.StartsWith(Subscriptions, StringComparison.Ordinal)).ToArray();
        Assert.True(notPassed.Length == 0, string.Join('\n', notPassed.Select(test => $"{test.Status}: {test.Name}\n  {test.Messages}")));
        Assert.Equal(Expected, tests.Count(test => test.Status == "passed"));
    }
}
