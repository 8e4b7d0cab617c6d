using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;

namespace ChunkStream.Functions.Tests.Contract;

[Collection(Alone.Collection)]
public sealed class SlowReaderTests(RealPostgres postgres)
{
    private const int Readers = 100;
    private const int Rows = 12_000;
    private const int RowBytes = 400;

    [Fact]
    public async Task A_hundred_readers_that_pause_cost_no_memory_and_finish_when_they_go_on()
    {
        await postgres.ExecuteAsync(
            $"drop table if exists patient; create table patient as select n, repeat('x', {RowBytes}) as filler "
            + $"from generate_series(1, {Rows}) n; create unique index on patient (n)");
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString, "-- key: n\nselect * from patient");
        var server = api.Client.BaseAddress!;
        using (var warm = await RawClient.GetAsync(server, "/api/db-stream"))
            await warm.CountToEndAsync((byte)'\n');
        var before = Settled();

        var clients = await Task.WhenAll(
            Enumerable.Range(0, Readers).Select(_ => RawClient.GetAsync(server, "/api/db-stream")));
        await Task.WhenAll(clients.Select(client => client.ReadBytesAsync(10_000)));
        await Task.Delay(TimeSpan.FromSeconds(2));
        var growth = Settled() - before;

        // The readers have 480 MB still to read. For each the process may hold a chunk, a pipe and a connection's
        // buffer.
        Assert.InRange(growth, long.MinValue, Readers * 400 * 1024);

        var ends = await Task.WhenAll(clients.Select(client => client.CountToEndAsync((byte)'x')));
        Assert.All(ends, end => Assert.True(end.Whole));

        // Only what is read after the pause is counted, so some filler is missing.
        Assert.All(ends, end => Assert.InRange(end.Count, (long)Rows * RowBytes * 95 / 100, (long)Rows * RowBytes));
        foreach (var client in clients)
            client.Dispose();
        await postgres.AssertNothingRunsAsync();
    }

    [Fact]
    public async Task A_reader_that_takes_its_time_gets_every_row()
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString, "select n, repeat('x', 400) as filler from generate_series(1, 3000) n");
        using var client = await RawClient.GetAsync(api.Client.BaseAddress!, "/api/db-stream");
        var lines = 0L;
        while (await client.ReadAsync() is { IsEmpty: false } piece)
        {
            lines += piece.Span.Count("\"}\n"u8);
            await Task.Delay(5);
        }

        // A piece may end between the three bytes.
        Assert.InRange(lines, 2800, 3000);
        Assert.Contains(
            "Completed as ndjson, 3000 records", (await api.Log.StreamEndedAsync()).Message, StringComparison.Ordinal);
    }

    private static long Settled()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return Environment.WorkingSet;
    }
}
