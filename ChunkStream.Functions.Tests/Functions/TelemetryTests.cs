using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Otlp;

namespace ChunkStream.Functions.Tests.Functions;

/// <summary>The function app sends what it measures to Application Insights and by OTLP, as its settings say.</summary>
[Collection(RunningFunctionApp.Collection)]
public sealed class TelemetryTests(RunningFunctionApp running)
{
    private const string Path = "/api/public/queries/series";

    [Fact]
    public async Task Nothing_of_telemetry_is_loaded_where_nothing_is_set()
    {
        await running.Client.GetStringAsync(Path).Within();

        LoadedFiles.AssertNothingUnused(running.App.Process.Id);
    }

    [Fact]
    public async Task A_stream_is_a_span_below_its_invocation_and_a_line_of_the_log()
    {
        await using var receiver = await TelemetryReceiver.StartAsync();
        await using var app = await running.StartAsync(
            ("APPLICATIONINSIGHTS_CONNECTION_STRING", $"InstrumentationKey={Guid.NewGuid()};"
                + $"IngestionEndpoint={receiver.Address}/;LiveEndpoint={receiver.Address}/"),
            ("APPLICATIONINSIGHTS_STATSBEAT_DISABLED", "true"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.Address),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_BSP_SCHEDULE_DELAY", "100"),
            ("OTEL_BLRP_SCHEDULE_DELAY", "100"),
            ("WEBSITE_SITE_NAME", "app-of-the-tests"));
        using var client = RunningFunctionApp.ClientOf(app);

        await client.GetStringAsync(Path).Within();

        var (stream, _, resource) = Assert.Single(await receiver.SpansAsync("stream public-query/series", count: 1));
        var (invocation, _, _) = Assert.Single(await receiver.SpansAsync("function public-query", count: 1));
        Assert.Equal((invocation.TraceId, invocation.SpanId), (stream.TraceId, stream.ParentSpanId));
        Assert.Contains(resource.Attributes, attribute => attribute.Key == "service.name"
            && attribute.Value.StringValue == "app-of-the-tests");
        await Bounded.Until(
            () => Task.FromResult(
                receiver.AzureItems.Any(item => item["name"]?.GetValue<string>() == "RemoteDependency"
                    && item["data"]?["baseData"]?["name"]?.GetValue<string>() == "stream public-query/series")
                && receiver.AzureItems.Any(item => item["name"]?.GetValue<string>() == "Message"
                    && item["data"]?["baseData"]?["message"]?.GetValue<string>() is { } message
                    && message.StartsWith("Stream public-query/series ended: Completed", StringComparison.Ordinal))),
            "Application Insights has the stream and its line");
    }
}
