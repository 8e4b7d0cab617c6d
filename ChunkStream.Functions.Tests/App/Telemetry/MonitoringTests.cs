using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Functions.Tests.DurableStreams;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Problems;
using ChunkStream.Streaming;

namespace ChunkStream.Functions.Tests.App.Telemetry;

/// <summary>
/// What the dashboards, the alerts and docs/operations.md name is there: in instruments that this process has, and in
/// the code. And what is there is on that page.
/// </summary>
[Collection(RealPostgres.Collection)]
public sealed partial class MonitoringTests(RealPostgres postgres)
{
    // What Prometheus and the resource of OpenTelemetry give each series.
    private static readonly string[] OfEverySeries = ["service_name", "instance", "le", "job"];

    private static readonly string Page = Read("docs", "operations.md");

    [Fact]
    public async Task Each_name_on_a_dashboard_or_in_an_alert_is_that_of_an_instrument_or_of_a_tag()
    {
        var measured = await MeasuredAsync();
        var prometheus = measured.SelectMany(SeriesOf)
            .Concat(measured.SelectMany(one => one.Tags).Select(Underscored))
            .Concat(OfEverySeries).ToHashSet();

        // Grafana and the rules: every word of an expression that looks like a series or a label.
        var grafana = JsonNode.Parse(Read("docs", "monitoring", "grafana.json"))!;
        var expressions = Strings(grafana["panels"]!, "expr").ToArray();
        var alerts = Read("docs", "monitoring", "alerts.yaml");
        var rules = Expression().Matches(alerts).Select(rule => rule.Value).ToArray();
        Assert.True(expressions.Length > 25);
        Assert.True(rules.Length > 5);
        var words = expressions.Concat(rules).SelectMany(text => Series().Matches(text)).Select(word => word.Value);
        Assert.Equal("", string.Join(", ", words.Distinct().Where(word => !prometheus.Contains(word)).Order()));

        // The workbook names instruments, tags and events as OpenTelemetry does.
        var known = measured.Select(one => one.Name).Concat(measured.SelectMany(one => one.Tags))
            .Concat(typeof(StreamTags).GetFields().Select(tag => (string)tag.GetRawConstantValue()!)).ToHashSet();
        var queries = Strings(JsonNode.Parse(Read("docs", "monitoring", "workbook.json"))!, "query").ToArray();
        Assert.True(queries.Length > 10);
        var names = queries.SelectMany(text => Dotted().Matches(text)).Select(name => name.Groups[1].Value);
        Assert.Equal("", string.Join(", ", names.Distinct().Where(name => !known.Contains(name)).Order()));

        // Each instrument of the engine has a row, and each row an instrument.
        var ours = measured.Where(one => one.Meter == ChunkStreamTelemetry.MeterName).Select(one => one.Name);
        var rows = InstrumentRow().Matches(Page).Select(row => row.Groups[1].Value);
        Assert.Equal(ours.Distinct().Order(), rows.Order());
    }

    [Fact]
    public async Task What_is_in_use_and_what_waits_is_measured_when_somebody_looks()
    {
        // One connection for streams, and one in reserve.
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString + ";Maximum Pool Size=2",
            "select n, repeat('x', 1000) as filler from generate_series(1, 1000000) n");
        var values = new ConcurrentDictionary<string, long>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, it) =>
        {
            if (instrument.Meter.Scope == api.Meters && instrument.Meter.Name == ChunkStreamTelemetry.MeterName)
                it.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Took(instrument, value, tags));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Took(instrument, value, tags));
        listener.Start();
        var path = "/api/streams/" + await api.CreateAsync("text/plain", "begun");

        using (await api.GetAsync("/api/db-stream"))
        using (await api.GetAsync($"{path}?offset=-1&live=sse"))
        {
            var waiting = api.GetAsync("/api/db-stream");
            await Bounded.Until(
                () => Task.FromResult(Look("chunkstream.connection.waiting newcomer") == 1), "one waits");
            Assert.Equal((1, 1), (Look("chunkstream.connection.used"), Look("chunkstream.connection.limit")));
            Assert.Equal(0, Look("chunkstream.connection.waiting returning"));
            Assert.Equal(1, Look("chunkstream.live.readers"));
            Assert.Equal((0, 0), (Look("chunkstream.append.held"), Look("chunkstream.recording.active")));
            _ = waiting.ContinueWith(task => task.Result.Dispose(), TaskScheduler.Default);
        }

        await Bounded.Until(
            () => Task.FromResult(Look("chunkstream.connection.used") == 0 && Look("chunkstream.live.readers") == 0),
            "nothing is in use");
        using (await api.Client.DeleteAsync(path).Within())
            await api.Get<DurableStreamSweep>().RunAsync(CancellationToken.None).Within();
        Assert.True(Look("chunkstream.sweep.removed") > 0);

        long Look(string instrument)
        {
            listener.RecordObservableInstruments();
            return values.GetValueOrDefault(instrument);
        }

        void Took(Instrument instrument, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var wait = tags.ToArray().FirstOrDefault(tag => tag.Key == "chunkstream.wait").Value;
            values[wait is null ? instrument.Name : $"{instrument.Name} {wait}"] = value;
        }
    }

    [Fact]
    public void Each_log_event_has_a_row_with_its_id_and_what_to_do()
    {
        var sources = Repository.Sources()
            .Where(file => !file.Contains(".Tests", StringComparison.Ordinal))
            .Select(File.ReadAllText);
        var events = sources.SelectMany(source => LogEvent().Matches(source))
            .Select(one => (Id: one.Groups[1].Value, Name: one.Groups[2].Value)).Distinct().ToArray();

        Assert.True(events.Length > 15);
        Assert.Equal(
            "",
            string.Join(", ", events
                .Where(one => !Page.Contains($"\n| `{one.Name}` | {one.Id} | ", StringComparison.Ordinal))
                .Select(one => one.Name)));
        var rows = EventRow().Matches(Page).Select(row => row.Groups[1].Value);
        Assert.Equal(events.Select(one => one.Name).Order(), rows.Order());
    }

    [Fact]
    public void Each_alert_is_on_the_page_that_says_what_to_do()
    {
        var alerts = Alert().Matches(Read("docs", "monitoring", "alerts.yaml")).Select(alert => alert.Groups[1].Value);

        Assert.All(alerts, alert => Assert.Contains($"\n| `{alert}` | ", Page, StringComparison.Ordinal));
    }

    /// <summary>All instruments of the meters that the hosts export, after one use of each part of the app.</summary>
    private async Task<Measured[]> MeasuredAsync()
    {
        string[] meters =
            [ChunkStreamTelemetry.MeterName, "Npgsql", "System.Runtime", "Microsoft.AspNetCore.Hosting"];
        var instruments = new ConcurrentDictionary<string, Measured>();
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, it) =>
        {
            if (!meters.Contains(instrument.Meter.Name)
                || (instrument.Meter.Scope is not null && instrument.Meter.Scope != api.Meters))
                return;
            instruments.TryAdd(instrument.Name, new Measured(instrument));
            it.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) => Took(instrument, tags));
        listener.SetMeasurementEventCallback<int>((instrument, _, tags, _) => Took(instrument, tags));
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Took(instrument, tags));
        listener.Start();

        await api.Client.GetStringAsync("/api/db-stream").Within();
        using (await api.GetAsync("/api/streams/none"))
        {
        }

        // Resumed, and refused by the server's fault: the tags of both.
        api.Get<StreamEngine>().Refused("none", Problem.Busy);
        api.Get<StreamEngine>().Metrics.Ended(new StreamReport(
            "none", "none", StreamOutcome.Completed, null, 0, 0, default, default,
            default, new StreamContinuations(IsResumed: true, 0, 0, null)));
        api.Get<DurableStreamSweep>();
        listener.RecordObservableInstruments();
        return [.. instruments.Values];

        void Took(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            foreach (var tag in tags)
                instruments[instrument.Name].Add(tag.Key);
        }
    }

    /// <summary>The series that Prometheus makes of an instrument, by OpenTelemetry's rules.</summary>
    private static IEnumerable<string> SeriesOf(Measured instrument)
    {
        var unit = instrument.Unit switch { "s" => "seconds", "By" => "bytes", _ => "" };
        var name = Underscored(instrument.Name);
        if (unit.Length > 0 && !name.EndsWith(unit, StringComparison.Ordinal))
            name += "_" + unit;
        return instrument.Kind.StartsWith("Histogram", StringComparison.Ordinal)
            ? [$"{name}_bucket", $"{name}_sum", $"{name}_count"]
            : instrument.Kind.Contains("UpDown", StringComparison.Ordinal)
                || instrument.Kind.Contains("Gauge", StringComparison.Ordinal) ? [name]
            : [$"{name}_total"];
    }

    private static string Underscored(string name) => name.Replace('.', '_');

    private static IEnumerable<string> Strings(JsonNode node, string property) => node switch
    {
        JsonObject item => item.SelectMany(one => one.Key == property && one.Value is JsonValue text
            ? [text.GetValue<string>()]
            : one.Value is null ? [] : Strings(one.Value, property)),
        JsonArray items => items.OfType<JsonNode>().SelectMany(one => Strings(one, property)),
        _ => [],
    };

    private static string Read(params string[] path) => File.ReadAllText(Path.Combine([Repository.Root, .. path]));

    private sealed class Measured(Instrument instrument)
    {
        private readonly ConcurrentDictionary<string, bool> _tags = new();

        public string Name => instrument.Name;

        public string Meter => instrument.Meter.Name;

        public string? Unit => instrument.Unit;

        public string Kind => instrument.GetType().Name;

        public IEnumerable<string> Tags => _tags.Keys;

        public void Add(string tag) => _tags.TryAdd(tag, true);
    }

    [GeneratedRegex(@"(?<=expr: >\n)( {10}.*\n)+|(?<=expr: )[^>\n].*\n")]
    private static partial Regex Expression();

    [GeneratedRegex(@"\b(?:chunkstream|db|http|dotnet|error|service|instance)(?:_[a-z_]+)?\b(?!"")")]
    private static partial Regex Series();

    [GeneratedRegex(@"""((?:chunkstream|db|http|error)\.[a-z_.]+)""")]
    private static partial Regex Dotted();

    [GeneratedRegex(@"\n\| `(chunkstream\.[a-z_.]+)` \| (?:[a-z]+) \|")]
    private static partial Regex InstrumentRow();

    [GeneratedRegex(@"EventId = (\d+), EventName = ""(\w+)""")]
    private static partial Regex LogEvent();

    [GeneratedRegex(@"\n\| `([A-Z]\w+)` \| \d+ \| ")]
    private static partial Regex EventRow();

    [GeneratedRegex(@"- alert: (\w+)")]
    private static partial Regex Alert();
}
