using System.Collections.Concurrent;
using System.IO.Compression;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Functions.Tests.Support.Otlp;

/// <summary>
/// Takes what the real exporters of other processes send: OTLP over HTTP in protobuf, and Azure Monitor's lines of
/// JSON.
/// </summary>
internal sealed class TelemetryReceiver : IAsyncDisposable
{
    private readonly PlainApi _api;

    private TelemetryReceiver(PlainApi api) => _api = api;

    /// <summary>Every span, with its scope's name and its resource.</summary>
    public ConcurrentQueue<(Span Span, string Scope, Resource Resource)> Spans { get; } = new();

    /// <summary>The name of every instrument that was exported, with its meter.</summary>
    public ConcurrentDictionary<(string Meter, string Instrument), string> Instruments { get; } = new();

    /// <summary>Every line of a log.</summary>
    public ConcurrentQueue<LogRecord> Log { get; } = new();

    /// <summary>What was sent to Azure Monitor: an item each.</summary>
    public ConcurrentQueue<JsonNode> AzureItems { get; } = new();

    /// <summary>Where it listens, without a slash at the end.</summary>
    public string Address => _api.Client.BaseAddress!.GetLeftPart(UriPartial.Authority);

    public static async Task<TelemetryReceiver> StartAsync()
    {
        TelemetryReceiver? receiver = null;
        var api = await PlainApi.StartAsync(app =>
        {
            app.MapPost("/v1/traces", async (HttpRequest request) => receiver!.Take(
                TracesRequest.Parser.ParseFrom(await BodyAsync(request))));
            app.MapPost("/v1/metrics", async (HttpRequest request) => receiver!.Take(
                MetricsRequest.Parser.ParseFrom(await BodyAsync(request))));
            app.MapPost("/v1/logs", async (HttpRequest request) => receiver!.Take(
                LogsRequest.Parser.ParseFrom(await BodyAsync(request))));
            app.MapPost("/v2.1/track", (HttpRequest request) => receiver!.TakeAzureAsync(request));
        });
        return receiver = new TelemetryReceiver(api);
    }

    /// <summary>Waits for spans of a name.</summary>
    public async Task<(Span Span, string Scope, Resource Resource)[]> SpansAsync(string name, int count)
    {
        await Bounded.Until(
            () => Task.FromResult(Spans.Count(one => one.Span.Name == name) >= count), $"{count} spans '{name}'");
        return [.. Spans.Where(one => one.Span.Name == name)];
    }

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    private void Take(TracesRequest traces)
    {
        foreach (var resource in traces.ResourceSpans)
        {
            foreach (var scope in resource.ScopeSpans)
            {
                foreach (var span in scope.Spans)
                    Spans.Enqueue((span, scope.Scope.Name, resource.Resource));
            }
        }
    }

    private void Take(MetricsRequest metrics)
    {
        foreach (var scope in metrics.ResourceMetrics.SelectMany(resource => resource.ScopeMetrics))
        {
            foreach (var metric in scope.Metrics)
                Instruments[(scope.Scope.Name, metric.Name)] = metric.Unit;
        }
    }

    private void Take(LogsRequest logs)
    {
        foreach (var scope in logs.ResourceLogs.SelectMany(resource => resource.ScopeLogs))
        {
            foreach (var record in scope.LogRecords)
                Log.Enqueue(record);
        }
    }

    private async Task<IResult> TakeAzureAsync(HttpRequest request)
    {
        var items = 0;
        using var body = new StreamReader(new MemoryStream(await BodyAsync(request)));
        while (await body.ReadLineAsync() is { } line)
        {
            if (line.Length == 0)
                continue;
            AzureItems.Enqueue(JsonNode.Parse(line)!);
            items++;
        }

        return TypedResults.Json(new { itemsReceived = items, itemsAccepted = items, errors = Array.Empty<string>() });
    }

    private static async Task<byte[]> BodyAsync(HttpRequest request)
    {
        using var body = new MemoryStream();
        await using var content = request.Headers.ContentEncoding == "gzip"
            ? new GZipStream(request.Body, CompressionMode.Decompress)
            : request.Body;
        await content.CopyToAsync(body);
        return body.ToArray();
    }
}
