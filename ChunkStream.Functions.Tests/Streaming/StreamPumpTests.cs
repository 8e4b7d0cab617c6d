using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;
using ChunkStream.Problems;
using ChunkStream.Streaming;

namespace ChunkStream.Functions.Tests.Streaming;

public sealed class StreamPumpTests
{
    private readonly ScriptedSource _script = new();
    private readonly Pipe _pipe = new();

    [Fact]
    public async Task A_chunk_leaves_while_the_next_one_is_still_being_made()
    {
        var pumping = Start(out _);

        _script.Yield("first");
        Assert.Equal("first\n", await ReadAsync());
        _script.Yield("second");
        Assert.Equal("second\n", await ReadAsync());
        Assert.False(pumping.IsCompleted);

        _script.End();
        await pumping.Within();
    }

    [Fact]
    public async Task Chunks_that_are_there_at_once_leave_together()
    {
        _script.Yield("a", "b", "c");
        _ = Start(out _);

        Assert.Equal("a\nb\nc\n", await ReadAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_comes_in_the_moment_of_a_heartbeat_comes_as_at_any_other(bool fails)
    {
        var options = new StreamingOptions();
        var failure = fails ? new InvalidOperationException("the source broke") : null;
        var late = new LateSource(records: 2, failure);
        var time = new LostRaceTime(TimeSpan.FromSeconds(options.HeartbeatSeconds)) { Arrive = late.Arrive };
        var source = late.Open(RecordEncoding.Text, CancellationToken.None);
        var pump = new StreamPump(source, StreamFormats.Text, _pipe.Writer, options, time);

        var pumping = pump.RunAsync(source.WaitToReadAsync(), CancellationToken.None);
        Assert.Same(failure, await Record.ExceptionAsync(() => pumping.Within()));

        Assert.Equal(3, time.Lost);
        Assert.Equal("record 0\nrecord 1\n", await ReadAsync());
    }

    [Fact]
    public async Task A_fast_source_is_flushed_at_the_byte_limit()
    {
        var flushes = new CountingWriter(_pipe.Writer);
        _script.Yield([.. Enumerable.Repeat("123456789", 100)]).End();
        var reading = _pipe.Reader.CopyToAsync(Stream.Null);

        await Start(out var pump, flushes, flushBytes: 100).Within();
        await _pipe.Writer.CompleteAsync();
        await reading.Within();

        Assert.Equal(100, pump.Records);
        Assert.Equal(1000, pump.Bytes);
        Assert.InRange(flushes.Flushes, 10, 12);
    }

    [Fact]
    public async Task A_reader_that_does_not_read_holds_the_source_back()
    {
        var narrow = new Pipe(new PipeOptions(pauseWriterThreshold: 64, resumeWriterThreshold: 32));
        _script.Yield([.. Enumerable.Repeat("123456789", 1000)]);
        using var ending = new CancellationTokenSource();
        var pumping = Start(out _, narrow.Writer, flushBytes: 10, ending.Token);

        await Bounded.Until(() => Task.FromResult(_script.Taken > 0), "the first item is taken");
        var taken = -1;
        await Bounded.Until(
            async () =>
            {
                taken = _script.Taken;
                await Task.Delay(50);
                return taken == _script.Taken;
            },
            "the source comes to a halt");
        Assert.InRange(taken, 1, 10);

        await ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pumping.Within());
    }

    [Fact]
    public async Task A_reader_that_is_gone_ends_the_pump()
    {
        await _pipe.Reader.CompleteAsync();
        _script.Yield("never read");

        await Assert.ThrowsAsync<ReaderGoneException>(() => Start(out _).Within());
    }

    [Fact]
    public async Task A_failure_of_the_source_comes_out_and_what_came_before_is_sent_with_the_last_words()
    {
        var failure = new InvalidOperationException("the source broke");
        _script.Yield("first").Fail(failure);

        var pumping = Start(out var pump);
        Assert.Same(failure, await Assert.ThrowsAsync<InvalidOperationException>(() => pumping.Within()));
        await pump.FailAsync(Problem.Internal).Within();

        Assert.Equal("first\n", await ReadAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_stream_that_is_stopped_while_its_end_waits_for_the_reader_says_no_other(bool readerIsBack)
    {
        var narrow = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1));
        using var stopping = new CancellationTokenSource();
        _script.Yield("a").End();
        var source = new CheckpointedSource(_script.Open(RecordEncoding.Json, CancellationToken.None));
        var time = readerIsBack ? new StoppedTime() : TimeProvider.System;
        var pump = new StreamPump(source, StreamFormats.Frames, narrow.Writer, new StreamingOptions(), time);

        var pumping = pump.RunAsync(source.WaitToReadAsync(), stopping.Token);
        Assert.False(pumping.IsCompleted);
        await stopping.CancelAsync();
        if (!readerIsBack)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pumping.Within());
        var text = await ReadAsync(narrow.Reader);
        if (readerIsBack)
            await pumping.Within();

        Assert.False(await pump.ContinueElsewhereAsync().Within());
        Assert.False(await pump.FailAsync(Problem.DeadlineReached).Within());
        await narrow.Writer.CompleteAsync();
        text += await ReadAsync(narrow.Reader);
        StreamRead.Of(text, endedCleanly: true, "frames").AssertWhole(["a"]);
        Assert.Single(text.Split('\n'), line => line.StartsWith("{\"end\":", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Last_words_are_given_time_to_be_heard_until_the_reader_leaves()
    {
        using var leaving = new CancellationTokenSource();
        _script.Yield("first").Fail(new InvalidOperationException());
        var pump = await FailedAsync(StreamFormats.Frames);

        var hearing = pump.UntilHeardAsync(leaving.Token);
        Assert.False(hearing.IsCompleted);

        await leaving.CancelAsync();
        await hearing.Within();
    }

    [Fact]
    public async Task Where_nothing_could_be_said_nothing_is_waited_for()
    {
        _script.Yield("first").Fail(new InvalidOperationException());
        var pump = await FailedAsync(StreamFormats.Ndjson);

        Assert.True(pump.UntilHeardAsync(CancellationToken.None).IsCompleted);
    }

    /// <summary>A pump that has said its last words, in a time that stands still.</summary>
    private async Task<StreamPump> FailedAsync(StreamFormat format)
    {
        var source = _script.Open(format.Encoding, CancellationToken.None);
        var pump = new StreamPump(source, format, _pipe.Writer, new StreamingOptions(), new StoppedTime());
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => pump.RunAsync(source.WaitToReadAsync(), CancellationToken.None).Within());
        Assert.True(await pump.FailAsync(Problem.Internal).Within());
        return pump;
    }

    private Task Start(
        out StreamPump pump,
        PipeWriter? writer = null,
        int flushBytes = 32 * 1024,
        CancellationToken cancellation = default)
    {
        var source = _script.Open(RecordEncoding.Text, cancellation);
        var options = new StreamingOptions { FlushBytes = flushBytes };
        pump = new StreamPump(source, StreamFormats.Text, writer ?? _pipe.Writer, options, TimeProvider.System);
        return pump.RunAsync(source.WaitToReadAsync(), cancellation);
    }

    private Task<string> ReadAsync() => ReadAsync(_pipe.Reader);

    private static async Task<string> ReadAsync(PipeReader reader)
    {
        var result = await reader.ReadAsync().Within();
        var text = Encoding.UTF8.GetString(result.Buffer.ToArray());
        reader.AdvanceTo(result.Buffer.End);
        return text;
    }

    /// <summary>The records of another source, after each of which there is a checkpoint.</summary>
    private sealed class CheckpointedSource(StreamSource inner) : StreamSource
    {
        public override StreamSchema Schema => inner.Schema;

        public override ReadOnlySpan<byte> Checkpoint => "token"u8;

        public override ValueTask<bool> WaitToReadAsync() => inner.WaitToReadAsync();

        public override bool TryRead() => inner.TryRead();

        public override void WriteRecord(ByteWriter output) => inner.WriteRecord(output);

        public override ValueTask DisposeAsync() => inner.DisposeAsync();
    }

    private sealed class StoppedTime : TimeProvider
    {
        public override long GetTimestamp() => 0;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
            => System.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private sealed class CountingWriter(PipeWriter inner) : PipeWriter
    {
        public int Flushes { get; private set; }

        public override void Advance(int bytes) => inner.Advance(bytes);

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            Flushes++;
            return inner.FlushAsync(cancellationToken);
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);
    }
}
