using System.Net;
using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;
using ChunkStream.Problems;
using ChunkStream.Streaming;
using Microsoft.Extensions.Logging;

namespace ChunkStream.Functions.Tests.Http;

public sealed class StreamResultTests : IAsyncLifetime
{
    private readonly ScriptedSource _script = new();
    private LocalApi _api = null!;

    public async Task InitializeAsync() => _api = await LocalApi.StartAsync();

    public async Task DisposeAsync() => await _api.DisposeAsync();

    [Fact]
    public async Task A_failure_before_the_first_item_is_a_real_status()
    {
        _script.Fail(new InvalidOperationException("secret details"));
        using var response = await _api.GetAsync(_api.Serve(StreamFormats.Text, _script.Open));

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        var problem = await response.ProblemAsync();
        Assert.DoesNotContain("secret", problem.ToJsonString(), StringComparison.Ordinal);
        var ended = await _api.Log.StreamEndedAsync();
        Assert.Contains("Refused", ended.Message, StringComparison.Ordinal);
        Assert.Contains("(no first byte, ", ended.Message, StringComparison.Ordinal);
        Assert.Equal("secret details", ended.Exception?.Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_comes_in_the_moment_in_which_the_response_would_start_without_it_is_in_time(bool fails)
    {
        var failure = fails ? new InvalidOperationException("the source broke") : null;
        var late = new LateSource(records: fails ? 0 : 1, failure);
        var time = new LostRaceTime(TimeSpan.FromSeconds(0.7)) { Arrive = late.Arrive };
        await using var api = await LocalApi.StartAsync(time, ("ChunkStream:Streaming:FirstRecordSeconds", "0.7"));

        using var response = await api.GetAsync(api.Serve(StreamFormats.Ndjson, late.Open));
        late.Arrive();
        var body = await response.Content.ReadAsStringAsync().Within();

        Assert.Equal(1, time.Lost);
        Assert.Equal(fails ? HttpStatusCode.InternalServerError : HttpStatusCode.OK, response.StatusCode);
        Assert.Same(failure, (await api.Log.StreamEndedAsync()).Exception);
        if (!fails)
            Assert.Equal("\"record 0\"\n", body);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2000)]
    public async Task A_failure_after_items_never_ends_cleanly(int items)
    {
        _script.Yield([.. Enumerable.Repeat("item", items)]).Fail(new InvalidOperationException("the source broke"));
        using var response = await _api.GetAsync(_api.Serve(StreamFormats.Text, _script.Open));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => response.Content.ReadAsStringAsync().Within());

        var ended = await _api.Log.StreamEndedAsync();
        Assert.Contains("Failed", ended.Message, StringComparison.Ordinal);
        Assert.Equal(LogLevel.Error, ended.Level);
        await _script.Released.Within();
    }

    [Fact]
    public async Task A_generator_that_cancels_itself_has_failed_and_does_not_look_whole()
    {
        _script.Yield("item").Fail(new OperationCanceledException("nobody asked for it"));
        using var response = await _api.GetAsync(_api.Serve(StreamFormats.Text, _script.Open));

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => response.Content.ReadAsStringAsync().Within());
        Assert.Contains("Failed", (await _api.Log.StreamEndedAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_leaves_ends_the_generator_and_is_no_error()
    {
        _script.Yield("first");
        using (var response = await _api.GetAsync(_api.Serve(StreamFormats.Text, _script.Open)))
        {
            await using var body = await response.Content.ReadAsStreamAsync();
            Assert.Equal("first\n", await body.ReadSomeAsync());
        }

        await _script.Released.Within();
        var ended = await _api.Log.StreamEndedAsync();
        Assert.Contains("ClientLeft", ended.Message, StringComparison.Ordinal);
        Assert.Equal(LogLevel.Information, ended.Level);
        Assert.Null(ended.Exception);
    }

    [Fact]
    public async Task A_client_that_leaves_before_the_first_item_ends_the_generator()
    {
        using var leaving = new CancellationTokenSource();
        var asking = _api.Client.GetAsync(_api.Serve(StreamFormats.Text, _script.Open), leaving.Token);
        await _script.Opened.Within();

        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking.Within());
        await _script.Released.Within();
        Assert.Contains("ClientLeft", (await _api.Log.StreamEndedAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_source_is_released_also_where_the_client_leaves_while_its_failure_becomes_a_problem()
    {
        using var leaving = new CancellationTokenSource();
        FailingSource? source = null;
        var asking = _api.Client.GetAsync(
            _api.Serve(StreamFormats.Text, (_, cancellation) => source = new FailingSource(cancellation)),
            leaving.Token);
        await Bounded.Until(
            () => Task.FromResult(source is { Described.IsCompleted: true }), "the failure is described");

        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking.Within());
        await source!.Released.Within();
        await _api.Log.StreamEndedAsync();
    }

    [Fact]
    public async Task A_client_that_leaves_is_known_even_if_the_end_of_the_invocation_is_heard_first()
    {
        using var invocation = new CancellationTokenSource();
        _script.Yield("first");
        using (var response = await _api.GetAsync(_api.Serve(StreamFormats.Text, _script.Open, invocation.Token)))
        {
            await using var body = await response.Content.ReadAsStreamAsync();
            Assert.Equal("first\n", await body.ReadSomeAsync());
            await invocation.CancelAsync();
        }

        var ended = await _api.Log.StreamEndedAsync();
        Assert.Contains("ClientLeft", ended.Message, StringComparison.Ordinal);
        Assert.Equal(LogLevel.Information, ended.Level);
    }

    [Fact]
    public async Task
        The_end_of_the_invocation_alone_cuts_the_stream_so_that_whoever_may_still_be_there_does_not_take_it_as_whole()
    {
        using var invocation = new CancellationTokenSource();
        _script.Yield("first");
        using var response = await _api.GetAsync(_api.Serve(StreamFormats.Text, _script.Open, invocation.Token));
        await using var body = await response.Content.ReadAsStreamAsync();
        Assert.Equal("first\n", await body.ReadSomeAsync());

        await invocation.CancelAsync();

        await Assert.ThrowsAnyAsync<IOException>(() => body.ReadSomeAsync());
        Assert.Contains("ClientLeft", (await _api.Log.StreamEndedAsync()).Message, StringComparison.Ordinal);
        await _script.Released.Within();
    }

    [Fact]
    public async Task The_end_of_the_invocation_before_the_first_item_is_a_status_for_whoever_may_still_be_there()
    {
        using var invocation = new CancellationTokenSource();
        var asking = _api.GetAsync(_api.Serve(StreamFormats.Text, _script.Open, invocation.Token));
        await _script.Opened.Within();

        await invocation.CancelAsync();

        using var response = await asking;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Contains("ClientLeft as text", (await _api.Log.StreamEndedAsync()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_call_that_ends_at_the_platforms_time_limit_or_while_the_process_stops_is_said_to_be_stopped(
        bool stops)
    {
        // Longer than the platform allows: only so is a stream still there at the platform's limit.
        await using var api = await LocalApi.StartAsync(settings:
        [
            ("ChunkStream:Streaming:MaxDurationSeconds", "60"),
            ("ChunkStream:Streaming:ShutdownSeconds", "60"),
            ("AzureFunctionsJobHost:functionTimeout", stops ? "00:10:00" : "00:00:00.0000002"),
        ]);
        using var invocation = new CancellationTokenSource();
        _script.Yield("first");
        using var response = await api.GetAsync(api.Serve(StreamFormats.Text, _script.Open, invocation.Token));
        await using var body = await response.Content.ReadAsStreamAsync();
        Assert.Equal("first\n", await body.ReadSomeAsync());

        var stopping = stops ? api.StopAsync() : Task.CompletedTask;
        await invocation.CancelAsync();

        await Assert.ThrowsAnyAsync<IOException>(() => body.ReadSomeAsync());
        var ended = await api.Log.StreamEndedAsync();
        Assert.Contains("Stopped", ended.Message, StringComparison.Ordinal);
        Assert.Equal(LogLevel.Warning, ended.Level);
        await stopping.Within();
    }

    [Fact]
    public async Task Clients_that_leave_together_have_left_whatever_is_heard_of_it_first_and_however_late_the_rest()
    {
        const int Clients = 200;
        var leaving = Enumerable.Range(0, Clients).Select(async number =>
        {
            using var invocation = new CancellationTokenSource();
            var script = new ScriptedSource().Yield("first");
            var address = _api.Serve($"leaving-{number}", StreamFormats.Frames, script.Open, invocation.Token);
            using (var response = await _api.GetAsync(address))
            {
                await using var body = await response.Content.ReadAsStreamAsync();
                Assert.NotEmpty(await body.ReadSomeAsync());

                // Every third hears of it by the connection first, the others by the call, and up to 400 ms before.
                if (number % 3 == 0)
                    invocation.CancelAfter(number);
                else
                    await invocation.CancelAsync();
                if (number % 3 == 1)
                    await Task.Delay(2 * number);
            }

            await script.Released.Within();
        });
        await Task.WhenAll(leaving);

        await Bounded.Until(() => Task.FromResult(Ended().Length == Clients), "every stream has ended");
        Assert.All(Ended(), ended => Assert.Contains("ClientLeft", ended.Message, StringComparison.Ordinal));
        Assert.DoesNotContain(_api.Log.Entries, entry => entry.Level >= LogLevel.Error || entry.Exception is not null);

        RecordedLog.Entry[] Ended() => [.. _api.Log.Entries.Where(entry => entry.Event.Name == "StreamEnded")];
    }

    [Fact]
    public async Task HEAD_gives_the_headers_and_starts_nothing()
    {
        using var response = await _api.HeadAsync(_api.Serve(StreamFormats.Ndjson, _script.Open));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/x-ndjson; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(0, _script.Taken);
    }

    [Fact]
    public async Task An_empty_stream_is_an_empty_body_that_ends_cleanly()
    {
        _script.End();

        Assert.Equal("", await _api.Client.GetStringAsync(_api.Serve(StreamFormats.Ndjson, _script.Open)).Within());
        Assert.Contains("Completed", (await _api.Log.StreamEndedAsync()).Message, StringComparison.Ordinal);
    }

    /// <summary>Fails before its first record, and takes until the client has left to say what that means.</summary>
    private sealed class FailingSource(CancellationToken left) : StreamSource
    {
        private readonly TaskCompletionSource _described = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Described => _described.Task;

        public Task Released => _released.Task;

        public override StreamSchema Schema => throw new NotSupportedException();

        public override ValueTask<bool> WaitToReadAsync() => throw new InvalidOperationException("the source broke");

        public override bool TryRead() => false;

        public override void WriteRecord(ByteWriter output) => throw new NotSupportedException();

        public override Problem Describe(Exception failure)
        {
            _described.SetResult();
            Assert.True(left.WaitHandle.WaitOne(Bounded.Limit));
            return base.Describe(failure);
        }

        public override ValueTask DisposeAsync()
        {
            _released.SetResult();
            return ValueTask.CompletedTask;
        }
    }
}
