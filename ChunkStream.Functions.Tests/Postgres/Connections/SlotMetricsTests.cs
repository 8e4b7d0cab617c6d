using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using ChunkStream.Functions.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres.Connections;

/// <summary>The connections of each pool are measured: the configured one's, and those of the app's own.</summary>
[Collection(RealPostgres.Collection)]
public sealed class SlotMetricsTests(RealPostgres postgres)
{
    [Fact]
    public async Task Each_pool_has_its_own_figures_under_the_name_that_Npgsql_gives_it()
    {
        await using var orders = Pool("orders");
        await using var tenant = Pool("tenants");
        await using var otherTenant = Pool("tenants");
        NpgsqlDataSource[] pools = [orders, tenant, otherTenant];
        await using var api = await PlainApi.StartAsync(
            app => app.MapGet("/rows/{pool}", (int pool) => StreamResults.Rows(
                pools[pool], $"select n, repeat('x', 1000) as filler from generate_series(1, 1000000) n")),
            services => services.AddChunkStream().AddPostgres(_ => new(postgres.ConnectionString) { Name = "main" }));

        using (await api.GetAsync("/rows/0"))
        using (await api.GetAsync("/rows/1"))
        using (await api.GetAsync("/rows/2"))
        {
            var waiting = api.GetAsync("/rows/0");
            await Bounded.Until(
                () => Task.FromResult(Look(api)["waiting orders newcomer"] == 1), "one waits for a connection");
            var measured = Look(api);
            Assert.Equal(
                ["limit main", "limit orders", "limit tenants", "used main", "used orders", "used tenants"],
                measured.Keys.Where(name => !name.StartsWith("waiting", StringComparison.Ordinal)).Order());
            Assert.Equal((0, 1, 2), (measured["used main"], measured["used orders"], measured["used tenants"]));
            Assert.Equal((1, 2), (measured["limit orders"], measured["limit tenants"]));
            Assert.Equal(0, measured["waiting tenants newcomer"]);
            _ = waiting.ContinueWith(task => task.Result.Dispose(), TaskScheduler.Default);
        }

        await Bounded.Until(
            () => Task.FromResult(Look(api)["used orders"] == 0), "the connections were given back");
    }

    // One connection for streams, and one in reserve.
    private NpgsqlDataSource Pool(string name)
        => new NpgsqlDataSourceBuilder(postgres.ConnectionString + ";Maximum Pool Size=2") { Name = name }
            .UseChunkStream().Build();

    private static ConcurrentDictionary<string, int> Look(PlainApi api)
    {
        const string Prefix = "chunkstream.connection.";
        var values = new ConcurrentDictionary<string, int>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, it) =>
        {
            if (instrument.Meter.Scope == api.Meters && instrument.Name.StartsWith(Prefix, StringComparison.Ordinal))
                it.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) =>
        {
            var name = $"{instrument.Name[Prefix.Length..]} "
                + string.Join(' ', tags.ToArray().Select(tag => tag.Value));
            Assert.True(values.TryAdd(name, value), name);
        });
        listener.Start();
        listener.RecordObservableInstruments();
        return values;
    }
}
