using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>
/// Runs the protocol's public conformance suite (npm <c>@durable-streams/server-conformance-tests</c>) against the
/// local host and a real Postgres.
/// </summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class ConformanceTests(RealPostgres postgres)
{
    // The number for suite 0.3.6, without its tests of subscriptions, which this server does not offer.
    private const int Expected = 332;
    private const string Subscriptions = "Reserved subscription APIs";

    // The suite spends about a minute waiting for streams to expire and for events that must not come.
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
            [
                Path.Combine("node_modules", "vitest", "vitest.mjs"), "run", "--reporter=json",
                $"--outputFile={report}", "--testTimeout=30000",
            ],
            suite,
            ("CONFORMANCE_TEST_URL", $"{api.Origin}/api/streams"));
        var (_, output, errors) = await run.EndAsync(Limit);

        Assert.True(File.Exists(report), output + errors);
        var tests = JsonNode.Parse(await File.ReadAllTextAsync(report))!["testResults"]!.AsArray()
            .SelectMany(file => file!["assertionResults"]!.AsArray())
            .Select(test => (
                Name: test!["fullName"]!.GetValue<string>(),
                Status: test["status"]!.GetValue<string>(),
                Messages: test["failureMessages"]!.ToJsonString()))
            .ToArray();
        Directory.Delete(Path.GetDirectoryName(report)!, recursive: true);

        var notPassed = tests
            .Where(test => test.Status != "passed" && !test.Name.StartsWith(Subscriptions, StringComparison.Ordinal))
            .ToArray();
        Assert.True(
            notPassed.Length == 0,
            string.Join('\n', notPassed.Select(test => $"{test.Status}: {test.Name}\n  {test.Messages}")));
        Assert.Equal(Expected, tests.Count(test => test.Status == "passed"));
    }
}
