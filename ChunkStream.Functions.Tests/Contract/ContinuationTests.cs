using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;
using System.Text.RegularExpressions;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;

namespace ChunkStream.Functions.Tests.Contract;

/// <summary>Logs and metrics show that a stream was continued, although its client sees one stream.</summary>
[Collection(RealPostgres.Collection)]
public sealed partial class ContinuationTests(RealPostgres postgres)
{
    // More rows than fit into sockets and buffers.
    private const int Rows = 20_000;

    [Fact]
    public async Task Continuations_are_in_the_event_and_in_the_metrics_by_their_reason()
    {
        await postgres.ExecuteAsync(
            "drop table if exists continued; "
            + $"create table continued as select n, repeat('x', 1000) as filler from generate_series(1, {Rows}) n; "
            + "create unique index on continued (n); alter table continued alter n set not null");
        const string Query = "-- key: n\nselect * from continued";
        await using var impatient = await LocalApi.ServingAsync(
            postgres.ConnectionString, Query, ("ChunkStream:Postgres:StallSeconds", "0.1"));
        await using var api = await LocalApi.ServingAsync(postgres.ConnectionString, Query);
        var counted = new ConcurrentDictionary<string, long>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, it) =>
        {
            if (instrument.Name == "chunkstream.stream.continuations"
                && (instrument.Meter.Scope == impatient.Meters || instrument.Meter.Scope == api.Meters))
                it.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            var reason = (string)tags.ToArray().Single(tag => tag.Key == "chunkstream.reason").Value!;
            counted.AddOrUpdate(reason, value, (_, before) => before + value);
        });
        listener.Start();

        // A reader that takes nothing for a while.
        using (var slow = await RawClient.GetAsync(impatient.Client.BaseAddress!, "/api/db-stream"))
        {
            await slow.ReadBytesAsync(10_000);
            await postgres.AssertNothingRunsAsync();
            Assert.True((await slow.CountToEndAsync((byte)'\n')).Whole);
        }

        Assert.Matches(
            "Completed as ndjson, 20000 .* waiting for the reader; "
            + @"given up for slow or waiting readers and continued: \d+\)$",
            await EndedAsync(impatient));
        await CountedAsync("reader");

        // The backend is terminated while the reader reads on. It is not given up before, however slow this machine is.
        var body = new StringBuilder();
        using (var response = await api.GetAsync("/api/db-stream?format=sse"))
        {
            await using var stream = await response.Content.ReadAsStreamAsync();
            body.Append(await stream.ReadSomeAsync());
            await postgres.ExecuteAsync("select pg_terminate_backend(pid) from pg_stat_activity "
                + "where application_name = 'ChunkStream' and state <> 'idle'");
            while (await stream.ReadSomeAsync() is { Length: > 0 } more)
                body.Append(more);
        }

        Assert.Matches(
            @"Completed as sse, 20000 .*; continued after failures: 1, the last: .+\)$", await EndedAsync(api));
        Assert.Equal(1, await CountedAsync("failure"));

        // A client that comes again.
        var place = EventIds().Match(body.ToString()).Groups[1].Value;
        using (var resumed = await api.GetAsync("/api/db-stream?resume=" + place))
            Assert.InRange((await resumed.Content.ReadAsStringAsync().Within()).Split('\n').Length - 1, 1, Rows - 1);

        Assert.Matches(@"Completed as ndjson, .*; resumed by its client[;)]", await EndedAsync(api));
        Assert.Equal(1, await CountedAsync("client"));

        // What is measured follows the line of the log.
        async Task<long> CountedAsync(string reason)
        {
            await Bounded.Until(() => Task.FromResult(counted.ContainsKey(reason)), $"'{reason}' is counted");
            return counted[reason];
        }

        static async Task<string> EndedAsync(LocalApi from)
        {
            var message = (await from.Log.StreamEndedAsync()).Message;
            foreach (var _ in from.Log.Take())
            {
            }

            return message;
        }
    }

    [GeneratedRegex("^id: ?(.+)$", RegexOptions.Multiline)]
    private static partial Regex EventIds();
}
