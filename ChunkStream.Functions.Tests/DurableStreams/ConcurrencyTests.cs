using System.Globalization;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Functions.Tests.Support;
using static ChunkStream.Functions.Tests.DurableStreams.StoreHost;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>Two instances over one database, many writers and readers at once.</summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class ConcurrencyTests(RealPostgres postgres) : IAsyncLifetime
{
    private const int Writers = 8;
    private const int Appends = 100;

    private readonly StoreHost _one = StoreHost.Start(postgres.ConnectionString);
    private readonly StoreHost _two = StoreHost.Start(postgres.ConnectionString);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _one.DisposeAsync();
        await _two.DisposeAsync();
    }

    [Fact]
    public async Task Positions_are_dense_and_each_writers_appends_in_order()
    {
        var path = NewPath();
        await _one.CreateAsync(path, Json);

        // Each acknowledged tail belongs to one append.
        var tails = await Task.WhenAll(
            Enumerable.Range(0, Writers).Select(writer => Task.Run(() => WriteAsync(path, writer))));

        Assert.Equal(
            Enumerable.Range(1, Writers * Appends).Select(tail => (long)tail), tails.SelectMany(some => some).Order());
        var messages = (await _one.ReadAllAsync(path)).Split(',');
        Assert.Equal(Writers * Appends, messages.Length);
        foreach (var (writer, some) in tails.Index())
        {
            Assert.Equal(some.Order(), some);
            Assert.Equal(
                Enumerable.Range(0, Appends).Select(number => Message(writer, number)),
                some.Select(tail => messages[(int)tail - 1]));
        }
    }

    [Fact]
    public async Task Readers_see_one_order_without_gaps_while_it_is_being_written()
    {
        var path = NewPath();
        await _one.CreateAsync(path, Json);
        using var done = new CancellationTokenSource();

        var live = Enumerable.Range(0, 6)
            .Select(number => Task.Run(() => FollowAsync(number % 2 == 0 ? _one : _two, path))).ToArray();
        var polling = Enumerable.Range(0, 4)
            .Select(number => Task.Run(() => PollAsync(number % 2 == 0 ? _one : _two, path))).ToArray();
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() => WriteAsync(path, writer))));
        await _two.CloseAsync(path);

        var whole = await _one.ReadAllAsync(path);
        foreach (var read in await Task.WhenAll(live.Concat(polling)).Within())
            Assert.Equal(whole, read);
    }

    [Fact]
    public async Task Appends_to_many_streams_at_once_are_all_there()
    {
        var paths = Enumerable.Range(0, 50).Select(_ => NewPath()).ToArray();
        await Task.WhenAll(paths.Select(path => _one.CreateAsync(path)));

        await Task.WhenAll(Enumerable.Range(0, Writers).Select(async writer =>
        {
            for (var i = 0; i < Appends; i++)
                await (i % 2 == 0 ? _one : _two)
                    .AppendAsync(paths[i % paths.Length], writer.ToString(CultureInfo.InvariantCulture));
        })).Within();

        foreach (var path in paths)
            Assert.Equal("0011223344556677", string.Concat((await _one.ReadAllAsync(path)).Order()));
    }

    [Fact]
    public async Task Idempotent_writers_that_repeat_everything_on_both_instances_write_it_once()
    {
        var path = NewPath();
        await _one.CreateAsync(path, Json);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(async writer =>
        {
            for (var i = 0; i < 50; i++)
            {
                var append = new AppendToStream(
                    path, Json, [System.Text.Encoding.UTF8.GetBytes(Message(writer, i))], false, null,
                    new ProducerPosition("p" + writer, 0, i));
                var results = await Task.WhenAll(
                    _one.Appends.AppendAsync(append, default), _two.Appends.AppendAsync(append, default));
                Assert.Single(results, result => result.Status is AppendStatus.Appended);
                Assert.Single(results, result => result.Status is AppendStatus.Duplicate);
            }
        })).Within();

        var messages = (await _one.ReadAllAsync(path)).Split(',');
        Assert.Equal(200, messages.Length);
        for (var writer = 0; writer < 4; writer++)
        {
            var start = writer * 1_000;
            Assert.Equal(
                Enumerable.Range(0, 50).Select(number => Message(writer, number)),
                messages.Where(
                    message => int.Parse(message, CultureInfo.InvariantCulture) is var number
                        && number >= start && number < start + 1_000));
        }
    }

    private static string Message(int writer, int number)
        => ((writer * 1_000) + number).ToString(CultureInfo.InvariantCulture);

    private async Task<List<long>> WriteAsync(string path, int writer)
    {
        var tails = new List<long>();
        for (var i = 0; i < Appends; i++)
        {
            var result = await (writer % 2 == 0 ? _one : _two).AppendJsonAsync(path, Message(writer, i));
            Assert.Equal(AppendStatus.Appended, result.Status);
            tails.Add(result.Tail);
        }

        return tails;
    }

    private static async Task<string> FollowAsync(StoreHost host, string path)
    {
        var (_, stream) = await host.Store.HeadAsync(path, default).Within();
        using var reader = host.Live.Follow(stream!, 0);
        var parts = new List<string>();
        for (var position = 0L; ;)
        {
            var segment = (await reader.NextAsync(default).Within())!;
            Assert.Equal(position, segment.Start);
            Assert.True(segment.Next > position || segment.Closed);
            position = segment.Next;
            if (!segment.Data.IsEmpty)
                parts.Add(Text(segment.Data));
            if (segment.Closed)
                return string.Join(',', parts);
        }
    }

    private static async Task<string> PollAsync(StoreHost host, string path)
    {
        var parts = new List<string>();
        for (var position = 0L; ;)
        {
            var segment = await host.ReadAsync(path, position, 500);
            Assert.Equal(position, segment.Start);
            if (segment.Next > position)
            {
                Assert.Equal(segment.Next - position, Text(segment.Data).Split(',').Length);
                parts.Add(Text(segment.Data));
            }

            position = segment.Next;
            if (segment.Stream!.Closed && position == segment.Stream.Tail)
                return string.Join(',', parts);
        }
    }
}
