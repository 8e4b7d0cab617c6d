using System.Diagnostics;
using System.Net;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;

namespace ChunkStream.Functions.Tests.Contract;

/// <summary>
/// There are never more database streams than connections, and a reader that doesn't read holds no connection.
/// </summary>
[Collection(RealPostgres.Collection)]
public sealed class AdmissionTests(RealPostgres postgres) : IAsyncLifetime
{
    private const string PoolOfFive = ";Maximum Pool Size=5";
    private const int Rows = 20_000;

    private readonly QueryFiles _files = new QueryFiles()
        .With("large", "-- key: n\nselect n, filler from admitted")
        .With("large-without-key", "select n, filler from admitted")
        .With("rows", "select 1 as a");

    public Task InitializeAsync() => postgres.ExecuteAsync(
        "drop table if exists admitted; create table admitted as select n, repeat('x', 400) as filler "
        + $"from generate_series(1, {Rows}) n; create unique index on admitted (n); analyze admitted");

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Ten_times_too_many_clients_get_their_rows_or_a_clean_503()
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString + PoolOfFive, _files, ("ChunkStream:Postgres:QueueLength", "10"),
            ("ChunkStream:Postgres:QueueSeconds", "60"));

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(async _ =>
        {
            using var response = await api.GetAsync("/api/queries/large-without-key");
            if (response.StatusCode is HttpStatusCode.OK)
                Assert.Equal(Rows, (await response.Content.ReadAsStringAsync().Within()).Count(c => c == '\n'));
            else
                Assert.Equal("urn:chunkstream:busy", (string?)(await response.ProblemAsync())["type"]);
            Assert.Equal(response.StatusCode is HttpStatusCode.OK, response.Headers.RetryAfter is null);
            return response.StatusCode;
        }));

        // Four hold a connection (the fifth is kept for health and checks), ten wait.
        Assert.InRange(answers.Count(status => status is HttpStatusCode.OK), 14, 50);
        Assert.InRange(answers.Count(status => status is HttpStatusCode.ServiceUnavailable), 1, 36);
        Assert.DoesNotContain(api.Log.Entries, entry => entry.Exception is not null);
    }

    [Fact]
    public async Task Who_waits_longer_than_the_limit_gets_503()
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString + ";Maximum Pool Size=2", _files.With("slow", "select pg_sleep(600)::text as a"),
            ("ChunkStream:Postgres:QueueSeconds", "0.3"));
        using var leaving = new CancellationTokenSource();
        var slow = api.Client.GetAsync("/api/queries/slow", leaving.Token);
        await postgres.UntilOneRunsAsync();
        var clock = Stopwatch.StartNew();

        using var refused = await api.GetAsync("/api/db-stream");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.InRange(clock.Elapsed, TimeSpan.FromSeconds(0.25), Bounded.Limit);
        using var health = await api.GetAsync("/api/health");
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => slow.Within());
        await postgres.AssertNothingRunsAsync();
        Assert.Equal("{\"a\":1}\n", await api.Client.GetStringAsync("/api/db-stream").Within());
    }

    [Fact]
    public async Task Who_leaves_the_queue_leaves_it_to_others()
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString + ";Maximum Pool Size=2", _files.With("slow", "select pg_sleep(600)::text as a"),
            ("ChunkStream:Postgres:QueueLength", "1"));
        using var over = new CancellationTokenSource();
        var slow = api.Client.GetAsync("/api/queries/slow", over.Token);
        await postgres.UntilOneRunsAsync();

        // The queue is full until the host has noticed that the caller before has left.
        for (var round = 0; round < 5; round++)
            await Bounded.Until(async () => await AskAsync(patience: 0.1) is null, "there is room in the queue");
        var last = Bounded.Until(
            async () => await AskAsync(patience: 30) is HttpStatusCode.OK, "the last one has its turn");
        await over.CancelAsync();
        await last;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => slow.Within());

        async Task<HttpStatusCode?> AskAsync(double patience)
        {
            using var leaving = new CancellationTokenSource(TimeSpan.FromSeconds(patience));
            try
            {
                using var response = await api.Client.GetAsync("/api/db-stream", leaving.Token);
                Assert.True(
                    response.StatusCode is HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable,
                    $"{response.StatusCode}");
                return response.StatusCode;
            }
            catch (OperationCanceledException)
            {
                return null;
            }
        }
    }

    [Fact]
    public async Task Sixty_greedy_callers_without_a_key_leave_room_for_one_with_a_key()
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString + PoolOfFive,
            _files.With(
                "greedy", "-- access: anonymous\nselect n, pg_sleep(0.1)::text from generate_series(1, 1000) n"),
            ("ChunkStream:Postgres:QueueLength", "10"), ("ChunkStream:Postgres:QueueSeconds", "60"));
        using var over = new CancellationTokenSource();
        var greedy = Enumerable.Range(0, 60)
            .Select(_ => api.Client.GetAsync(
                "/api/public/queries/greedy", HttpCompletionOption.ResponseHeadersRead, over.Token))
            .ToArray();

        // Two hold half of the connections, five wait in half of the queue, and the rest is refused.
        await Bounded.Until(
            () => Task.FromResult(greedy.Count(answer => answer.IsCompleted) == 55), "the rest is refused");
        Assert.Equal(
            53,
            greedy.Count(answer => answer is
            { IsCompletedSuccessfully: true, Result.StatusCode: HttpStatusCode.ServiceUnavailable }));

        // Each of the others takes a hundred seconds.
        Assert.Equal("{\"a\":1}\n", await api.Client.GetStringAsync("/api/db-stream").Within());

        await over.CancelAsync();
        foreach (var answer in greedy.Where(answer => answer.IsCompletedSuccessfully))
            (await answer).Dispose();
    }

    [Fact]
    public async Task Queries_without_a_key_have_bounds_that_they_do_not_declare()
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString,
            _files.With("many", "-- access: anonymous\nselect n from generate_series(1, 11) n")
                .With("sleepy", "-- access: anonymous\nselect pg_sleep(600)::text a"),
            ("ChunkStream:Postgres:AnonymousMaxRows", "10"), ("ChunkStream:Postgres:AnonymousTimeoutSeconds", "1"),
            ("ChunkStream:Streaming:MaxAnonymousStreams", "2"));

        using var slow = await api.GetAsync("/api/public/queries/sleepy");
        Assert.Equal("urn:chunkstream:query-timeout", (string?)(await slow.ProblemAsync())["type"]);
        using (var many = await api.GetAsync("/api/public/queries/many"))
            await Assert.ThrowsAsync<HttpRequestException>(() => many.Content.ReadAsStringAsync().Within());
        await Bounded.Until(
            () => Task.FromResult(api.Log.Entries.Any(entry => entry.Message.Contains(
                "Failed (too-many-rows: The query has more than ", StringComparison.Ordinal))),
            "the bound is reported");
        Assert.Equal(11, (await api.Client.GetStringAsync("/api/queries/many").Within()).Count(c => c == '\n'));

        // The bound is how many generators run at a time; their places are given back.
        using (var one = await api.GetAsync("/api/lines?intervalMs=60000"))
        using (var two = await api.GetAsync("/api/messages?intervalMs=60000"))
        {
            using var third = await api.GetAsync("/api/lines?count=1");
            Assert.Equal("urn:chunkstream:too-many-streams", (string?)(await third.ProblemAsync())["type"]);
            Assert.NotNull(third.Headers.RetryAfter);
        }

        await Bounded.Until(async () =>
        {
            using var next = await api.GetAsync("/api/lines?count=1");
            return next.StatusCode is HttpStatusCode.OK;
        }, "their places come back");
    }

    [Fact]
    public async Task The_shipped_series_makes_no_more_than_it_may_give_and_warns_of_nothing()
    {
        await using var api = await LocalApi.StartAsync(
            postgres.ConnectionString + ";Application Name=series",
            settings: ("ChunkStream:QueriesPath", Path.Combine(Repository.Root, "queries")));
        var before = await TempBytesAsync();

        using (var response = await api.GetAsync("/api/public/queries/series?count=2147483647"))
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);

        // A backend reports its temporary bytes when it ends.
        await postgres.ExecuteAsync(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'series'");
        var after = await TempBytesAsync();
        Assert.InRange(after - before, 0, 100_000_000);
        await Bounded.Until(
            () => Task.FromResult(
                api.Log.Entries.Any(entry => entry.Message.Contains("queries that serve", StringComparison.Ordinal))),
            "the files are checked");
        Assert.DoesNotContain(api.Log.Entries, entry => entry.Message.Contains("series.sql", StringComparison.Ordinal));

        Task<long> TempBytesAsync()
            => postgres.ScalarAsync<long>("select temp_bytes from pg_stat_database where datname = current_database()");
    }

    [Fact]
    public async Task A_hundred_slow_readers_leave_room_for_others_and_hold_no_snapshot()
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString + PoolOfFive, _files, ("ChunkStream:Postgres:StallSeconds", "1"));
        await api.Client.GetStringAsync("/api/db-stream").Within();
        using var over = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 100).Select(_ => ReadSlowlyAsync(api, over.Token)).ToArray();
        await Task.Delay(TimeSpan.FromSeconds(3));

        var oldest = TimeSpan.Zero;
        var waits = new List<TimeSpan>();
        for (var round = 0; round < 10; round++)
        {
            var clock = Stopwatch.StartNew();
            Assert.Equal("{\"a\":1}\n", await api.Client.GetStringAsync("/api/db-stream").Within());
            waits.Add(clock.Elapsed);
            var age = await postgres.ScalarAsync<double>(
                "select coalesce(max(extract(epoch from clock_timestamp() - xact_start)), 0)::float8 "
                + "from pg_stat_activity where application_name = 'ChunkStream'");
            oldest = TimeSpan.FromSeconds(Math.Max(age, oldest.TotalSeconds));
            await Task.Delay(300);
        }

        Assert.InRange(waits.Order().ElementAt(5), TimeSpan.Zero, TimeSpan.FromSeconds(2));
        Assert.InRange(waits.Max(), TimeSpan.Zero, TimeSpan.FromSeconds(8));

        // Most of the time nobody else waits, so a stream may keep its connection up to the limit. One that kept it for
        // ever would have had it for six seconds.
        Assert.InRange(oldest, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        await over.CancelAsync();
        Assert.All(await Task.WhenAll(readers), bytes => Assert.InRange(bytes, 1000, 100_000));
        await postgres.AssertNothingRunsAsync();
    }

    [Fact]
    public async Task A_reader_that_pauses_gets_every_row_once_from_several_cursors()
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString + PoolOfFive, _files, ("ChunkStream:Postgres:StallSeconds", "0.2"));
        using var client = await RawClient.GetAsync(api.Client.BaseAddress!, "/api/queries/large?format=csv");
        for (var pause = 0; pause < 3; pause++)
        {
            await client.ReadBytesAsync(500_000);
            await postgres.AssertNothingRunsAsync();
        }

        var (_, whole) = await client.CountToEndAsync((byte)'\n');

        Assert.True(whole);
        Assert.Contains(
            $"Completed as csv, {Rows} records", (await api.Log.StreamEndedAsync()).Message, StringComparison.Ordinal);
        Assert.Equal(
            "n,filler\r\n" + string.Concat(Enumerable.Range(1, Rows).Select(n => $"{n},{new string('x', 400)}\r\n")),
            await api.Client.GetStringAsync("/api/queries/large?format=csv").Within());
    }

    [Fact]
    public async Task Without_a_key_a_reader_that_stalls_for_too_long_fails_and_frees_the_connection()
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString + PoolOfFive,
            _files.With("impatient", "-- idle: 300ms\nselect n, filler from admitted"));
        using var client = await RawClient.GetAsync(api.Client.BaseAddress!, "/api/queries/impatient");
        await client.ReadBytesAsync(1000);

        var ended = await api.Log.StreamEndedAsync();

        Assert.Contains("Failed (reader-stalled: The reader took nothing ", ended.Message, StringComparison.Ordinal);
        await postgres.AssertNothingRunsAsync();
    }

    // About 1 KB a second, as little as fits through a socket's buffers.
    private static async Task<int> ReadSlowlyAsync(LocalApi api, CancellationToken over)
    {
        using var client = await RawClient.GetAsync(api.Client.BaseAddress!, "/api/queries/large");
        var bytes = 0;
        try
        {
            while (true)
            {
                bytes += (await client.ReadAsync(atMost: 1000).WaitAsync(Bounded.Limit, over)).Length;
                await Task.Delay(TimeSpan.FromSeconds(1), over);
            }
        }
        catch (OperationCanceledException)
        {
            return bytes;
        }
    }
}
