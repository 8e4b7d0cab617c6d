using System.Diagnostics.Metrics;
using System.Net;
using ChunkStream.App;
using ChunkStream.Functions.Tests.DurableStreams;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.LocalHost;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream.Functions.Tests.App;

[Collection(RealPostgres.Collection)]
public sealed class DeclaredRecordingTests(RealPostgres postgres)
{
    private const string Key = "a-key-of-some-length";

    [Fact]
    public async Task A_generator_that_needs_a_key_is_recorded_also_where_those_without_are_not()
    {
        var starts = 0;
        var app = new LocalApp().Add(builder =>
        {
            builder.AddTestGenerators();
            builder.AddGenerator(new GeneratorEndpoint<string>(
                "counted", "Counts its starts", (_, _) => new[] { $"start {++starts}" }.ToAsyncEnumerable())
            {
                IsRecordable = true,
            });
        });
        await using var api = await LocalApi.StartAsync(app, postgres.ConnectionString, Key);
        var record = $"?code={Key}&record={DurableCalls.NewPath().Replace('/', '-')}";

        Assert.Equal("start 1\n", await api.Client.GetStringAsync("/api/counted" + record).Within());
        Assert.Equal("start 1\n", await api.Client.GetStringAsync("/api/counted" + record).Within());
        using var refused = await api.GetAsync("/api/lines" + record + "&count=1");
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }

    [Fact]
    public async Task A_recording_is_measured_also_where_nobody_has_asked_for_a_durable_stream()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var active = 0L;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, it) =>
        {
            if (instrument.Name == "chunkstream.recording.active" && instrument.Meter.Scope == api.Meters)
                it.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<int>((_, value, _, _) => active = value);
        listener.Start();

        using var response = await api.GetAsync(
            $"/api/lines?count=2&intervalMs=60000&record={DurableCalls.NewPath().Replace('/', '-')}");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);

        listener.RecordObservableInstruments();
        Assert.Equal(1, active);
    }
}
