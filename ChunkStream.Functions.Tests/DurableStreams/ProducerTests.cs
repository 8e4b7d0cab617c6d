using ChunkStream.DurableStreams.Store;
using ChunkStream.Functions.Tests.Support;
using static ChunkStream.Functions.Tests.DurableStreams.StoreHost;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>Idempotent producers, as section 5.2.1 of the protocol describes them.</summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class ProducerTests(RealPostgres postgres) : IAsyncLifetime
{
    private readonly StoreHost _host = StoreHost.Start(postgres.ConnectionString);
    private readonly string _path = NewPath();

    public Task InitializeAsync() => _host.CreateAsync(_path);

    public Task DisposeAsync() => _host.DisposeAsync().AsTask();

    [Fact]
    public async Task A_repeated_append_is_there_once()
    {
        Assert.Equal(Outcome(AppendStatus.Appended, 1, 0, 0), await AppendAsync("a", 0, 0));
        Assert.Equal(Outcome(AppendStatus.Duplicate, 1, 0, 0), await AppendAsync("a", 0, 0));
        Assert.Equal(Outcome(AppendStatus.Appended, 2, 0, 1), await AppendAsync("b", 0, 1));
        Assert.Equal(Outcome(AppendStatus.Appended, 3, 0, 2), await AppendAsync("c", 0, 2));

        // The answer names the producer's last sequence in the stream, not the repeated one.
        Assert.Equal(Outcome(AppendStatus.Duplicate, 3, 0, 2), await AppendAsync("a", 0, 0));
        Assert.Equal("abc", await _host.ReadAllAsync(_path));
    }

    [Fact]
    public async Task A_gap_is_refused()
    {
        Assert.Equal(new AppendResult(AppendStatus.SequenceGap, 0, false, null, null), await AppendAsync("x", 0, 1));
        await AppendAsync("a", 0, 0);
        Assert.Equal(Outcome(AppendStatus.SequenceGap, 1, 0, 0), await AppendAsync("x", 0, 2));
        Assert.Equal(Outcome(AppendStatus.Appended, 2, 0, 1), await AppendAsync("b", 0, 1));
        Assert.Equal("ab", await _host.ReadAllAsync(_path));
    }

    [Fact]
    public async Task A_new_session_fences_off_the_old_one()
    {
        await AppendAsync("a", 3, 0);

        Assert.Equal(Outcome(AppendStatus.EpochNotAtZero, 1, 3, 0), await AppendAsync("x", 4, 1));
        Assert.Equal(Outcome(AppendStatus.Appended, 2, 4, 0), await AppendAsync("b", 4, 0));
        Assert.Equal(Outcome(AppendStatus.StaleEpoch, 2, 4, 0), await AppendAsync("x", 3, 1));
        Assert.Equal("ab", await _host.ReadAllAsync(_path));
    }

    [Fact]
    public async Task Numbers_may_be_as_large_as_the_protocol_says()
    {
        const long largest = (1L << 53) - 1;
        Assert.Equal(Outcome(AppendStatus.Appended, 1, largest, 0), await AppendAsync("a", largest, 0));
        Assert.Equal(Outcome(AppendStatus.SequenceGap, 1, largest, 0), await AppendAsync("a", largest, largest));
    }

    [Fact]
    public async Task Producers_do_not_know_of_each_other()
    {
        Assert.Equal(AppendStatus.Appended, (await AppendAsync("a", 5, 0, "one")).Status);
        Assert.Equal(AppendStatus.Appended, (await AppendAsync("b", 0, 0, "two")).Status);
        Assert.Equal(AppendStatus.Appended, (await AppendAsync("c", 5, 1, "one")).Status);
        Assert.Equal("abc", await _host.ReadAllAsync(_path));
    }

    [Fact]
    public async Task Refused_appends_leave_the_producer_as_it_was()
    {
        await _host.AppendAsync(_path, "a", sequence: "5");

        var refused = await _host.AppendAsync(_path, "b", sequence: "4", producer: new ProducerPosition("p", 0, 0));
        Assert.Equal(AppendStatus.SequenceRegression, refused.Status);
        Assert.Equal(Outcome(AppendStatus.Appended, 2, 0, 0), await AppendAsync("b", 0, 0));

        // A repeated append is a duplicate; its Stream-Seq is not a regression.
        Assert.Equal(
            AppendStatus.Appended,
            (await _host.AppendAsync(_path, "c", sequence: "6", producer: new ProducerPosition("p", 0, 1))).Status);
        Assert.Equal(
            AppendStatus.Duplicate,
            (await _host.AppendAsync(_path, "c", sequence: "6", producer: new ProducerPosition("p", 0, 1))).Status);
        Assert.Equal("abc", await _host.ReadAllAsync(_path));
    }

    [Fact]
    public async Task Who_closed_the_stream_may_repeat_it_and_nobody_else()
    {
        await AppendAsync("a", 0, 0);
        var closing = new ProducerPosition("p", 0, 1);

        Assert.Equal(
            new AppendResult(AppendStatus.Appended, 2, true, 0, 1),
            await _host.AppendAsync(_path, "b", close: true, producer: closing));
        Assert.Equal(
            new AppendResult(AppendStatus.Duplicate, 2, true, 0, 1),
            await _host.AppendAsync(_path, "x", close: true, producer: closing));
        Assert.Equal(AppendStatus.Duplicate, (await _host.CloseAsync(_path, closing)).Status);
        Assert.Equal(AppendStatus.Duplicate, (await _host.CloseAsync(_path)).Status);
        Assert.Equal(AppendStatus.Closed, (await AppendAsync("x", 0, 0)).Status);
        Assert.Equal(AppendStatus.Closed, (await AppendAsync("x", 0, 2)).Status);
        Assert.Equal(AppendStatus.Closed, (await _host.CloseAsync(_path, closing with { Id = "q" })).Status);
        Assert.Equal("ab", await _host.ReadAllAsync(_path));
    }

    [Fact]
    public async Task Closing_alone_is_an_append_of_the_producer()
    {
        var closing = new ProducerPosition("p", 0, 0);

        Assert.Equal(AppendStatus.SequenceGap, (await _host.CloseAsync(_path, closing with { Sequence = 1 })).Status);
        Assert.Equal(new AppendResult(AppendStatus.Appended, 0, true, 0, 0), await _host.CloseAsync(_path, closing));
        Assert.Equal(new AppendResult(AppendStatus.Duplicate, 0, true, 0, 0), await _host.CloseAsync(_path, closing));
    }

    [Fact]
    public async Task A_fork_does_not_know_its_sources_producers_and_sequences()
    {
        await _host.AppendAsync(_path, "a", sequence: "9", producer: new ProducerPosition("p", 7, 0));
        var fork = NewPath();
        await _host.CreateAsync(fork, fork: new ForkPoint(_path, null, 0));

        Assert.Equal(
            new AppendResult(AppendStatus.Appended, 2, false, 0, 0),
            await _host.AppendAsync(fork, "b", sequence: "1", producer: new ProducerPosition("p", 0, 0)));
    }

    [Fact]
    public async Task Many_at_once_have_outcomes_of_their_own()
    {
        // The appends are sent in groups. Within a group, each one sees the ones before it.
        var appends = Enumerable.Range(0, 40)
            .Select(number => number switch
            {
                10 => _host.AppendAsync(_path, "x", contentType: "text/html"),
                20 => _host.AppendAsync(_path, "x", producer: new ProducerPosition("gap", 0, 3)),
                _ => _host.AppendAsync(_path, "y", producer: new ProducerPosition("p" + (number % 5), 0, 0)),
            })
            .ToArray();
        var results = await Task.WhenAll(appends);

        Assert.Equal(AppendStatus.ContentTypeDiffers, results[10].Status);
        Assert.Equal(AppendStatus.SequenceGap, results[20].Status);
        Assert.Equal(5, results.Count(result => result.Status is AppendStatus.Appended));
        Assert.Equal(33, results.Count(result => result.Status is AppendStatus.Duplicate));
        Assert.Equal("yyyyy", await _host.ReadAllAsync(_path));
    }

    private static AppendResult Outcome(AppendStatus status, long tail, long epoch, long sequence)
        => new(status, tail, false, epoch, sequence);

    private Task<AppendResult> AppendAsync(string text, long epoch, long sequence, string producer = "p")
        => _host.AppendAsync(_path, text, producer: new ProducerPosition(producer, epoch, sequence));
}
