using System.Collections.Concurrent;
using System.Diagnostics;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>
/// Listens to the spans of ChunkStream, Npgsql and ASP.NET Core, as OpenTelemetry does. It takes only those of traces
/// that the test began: other tests run in the same process.
/// </summary>
internal sealed class RecordedSpans : IDisposable
{
    private static readonly string[] Sources =
        [ChunkStreamTelemetry.ActivitySourceName, "Npgsql", "Microsoft.AspNetCore"];

    private readonly ConcurrentDictionary<ActivityTraceId, bool> _traces = new();
    private readonly ConcurrentQueue<Activity> _ended = new();
    private readonly ActivityListener _listener;

    public RecordedSpans()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => Sources.Contains(source.Name),
            Sample = (ref ActivityCreationOptions<ActivityContext> options) => _traces.ContainsKey(options.TraceId)
                ? ActivitySamplingResult.AllDataAndRecorded
                : ActivitySamplingResult.None,
            ActivityStopped = _ended.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    /// <summary>Every span that has ended, in that order.</summary>
    public IReadOnlyCollection<Activity> Ended => [.. _ended.Where(span => _traces.ContainsKey(span.TraceId))];

    /// <summary>Sends a request that begins a trace; gives the response as soon as its headers are there.</summary>
    public Task<(HttpResponseMessage Response, ActivityTraceId Trace)> GetAsync(LocalApi api, string path)
        => GetAsync(api.Client, path);

    /// <inheritdoc cref="GetAsync(LocalApi, string)" />
    public async Task<(HttpResponseMessage Response, ActivityTraceId Trace)> GetAsync(HttpClient http, string path)
    {
        var (trace, caller) = (ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom());
        _traces[trace] = true;
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("traceparent", $"00-{trace}-{caller}-01");
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).Within();
        return (response, trace);
    }

    /// <summary>Reads a whole stream; gives its body, and the spans of its trace, that of the stream first.</summary>
    public async Task<(string Body, Activity Stream, Activity[] Others)> ReadAsync(LocalApi api, string path)
    {
        var (response, trace) = await GetAsync(api, path);
        using var _ = response;
        var body = await response.Content.ReadAsStringAsync().Within();
        var (stream, others) = await EndedAsync(trace);
        return (body, stream, others);
    }

    /// <summary>Waits until the server's span of a trace has ended, and gives the stream's, and all others.</summary>
    public async Task<(Activity Stream, Activity[] Others)> EndedAsync(ActivityTraceId trace)
    {
        await Bounded.Until(
            () => Task.FromResult(_ended.Any(span => span.TraceId == trace && span.Kind is ActivityKind.Server)),
            "the request has ended");
        var all = _ended.Where(span => span.TraceId == trace).ToArray();
        var stream = Assert.Single(all, span => span.Source.Name == ChunkStreamTelemetry.ActivitySourceName);
        return (stream, [.. all.Where(span => span != stream)]);
    }

    public void Dispose() => _listener.Dispose();
}
