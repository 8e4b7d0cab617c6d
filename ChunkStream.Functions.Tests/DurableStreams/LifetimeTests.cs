using ChunkStream.DurableStreams.Store;
using ChunkStream.Functions.Tests.Support;
using Npgsql;
using static ChunkStream.Functions.Tests.DurableStreams.StoreHost;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>Time to live, expiry, and the sweep. The clock is the database's.</summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class LifetimeTests(RealPostgres postgres) : IAsyncLifetime
{
    private readonly StoreHost _host = StoreHost.Start(postgres.ConnectionString);

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _host.DisposeAsync().AsTask();

    [Fact]
    public async Task An_expired_stream_is_missing_for_everything_and_its_path_is_free()
    {
        foreach (var isTtl in new[] { true, false })
        {
            var path = NewPath();
            var created = await _host.CreateAsync(
                path, content: ["old"], ttl: isTtl ? 3_600 : null,
                expires: isTtl ? null : DateTimeOffset.UnixEpoch.AddYears(200));
            await PassAsync(path, 3_800);

            Assert.Equal(Presence.Missing, (await _host.ReadAsync(path)).Presence);
            Assert.Equal(
                Presence.Missing,
                (await _host.Store.ReadOnAsync(created.Stream!.Id, 0, 3, 100, default).Within()).Presence);
            Assert.Equal(Presence.Missing, (await _host.Store.HeadAsync(path, default).Within()).Presence);
            Assert.Equal(AppendStatus.Missing, (await _host.AppendAsync(path, "x")).Status);
            Assert.Equal(
                CreateStatus.SourceMissing,
                (await _host.CreateAsync(NewPath(), null, fork: new ForkPoint(path, null, 0))).Status);
            Assert.Equal(Presence.Missing, await _host.DeleteAsync(path).Within());
            Assert.Equal(CreateStatus.Created, (await _host.CreateAsync(path, "text/html", ["new"])).Status);
            Assert.Equal("new", await _host.ReadAllAsync(path));
        }
    }

    [Fact]
    public async Task Reading_and_writing_begin_the_time_anew_but_metadata_do_not()
    {
        var path = NewPath();
        await _host.CreateAsync(path, content: ["a"], ttl: 1_000);

        await PassAsync(path, 900);
        await _host.ReadAsync(path);
        await PassAsync(path, 900);
        Assert.Equal(AppendStatus.Appended, (await _host.AppendAsync(path, "b")).Status);
        await PassAsync(path, 900);
        var segment = await _host.ReadAsync(path);
        await PassAsync(path, 900);
        Assert.Equal(
            Presence.Present,
            (await _host.Store.ReadOnAsync(segment.Stream!.Id, 0, 2, 100, default).Within()).Presence);
        await PassAsync(path, 900);
        Assert.Equal(Presence.Present, (await _host.Store.HeadAsync(path, default).Within()).Presence);
        await PassAsync(path, 151);
        Assert.Equal(Presence.Missing, (await _host.Store.HeadAsync(path, default).Within()).Presence);
    }

    [Fact]
    public async Task A_stream_lives_no_shorter_than_it_says_and_not_every_read_is_a_write()
    {
        var path = NewPath();
        await _host.CreateAsync(path, ttl: 1_000);

        await _host.ReadAsync(path);
        var touched = await TouchedAsync();
        for (var i = 0; i < 5; i++)
            await _host.ReadAsync(path);
        Assert.Equal(touched, await TouchedAsync());

        await PassAsync(path, 999);
        Assert.Equal(Presence.Present, (await _host.Store.HeadAsync(path, default).Within()).Presence);
        await PassAsync(path, 51);
        Assert.Equal(Presence.Missing, (await _host.Store.HeadAsync(path, default).Within()).Presence);

        Task<string> TouchedAsync() => postgres.ScalarAsync<string>(
            $"select touched_at::text || ctid from chunkstream.streams where path = '{path}'");
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(20, 1)]
    [InlineData(1_000, 50)]
    public async Task A_time_to_live_is_lengthened_by_a_twentieth_or_a_second(long ttl, double longer)
    {
        var path = NewPath();
        await _host.CreateAsync(path, ttl: ttl);

        Assert.Equal(longer, await postgres.ScalarAsync<double>(
            "select extract(epoch from touched_at - created_at)::double precision "
            + $"from chunkstream.streams where path = '{path}'"));
    }

    [Fact]
    public async Task What_a_reader_was_given_lives_on_or_was_not_there()
    {
        var path = NewPath();
        await _host.CreateAsync(path, content: ["x"], ttl: 1_000);
        await PassAsync(path, 900);

        // The stream expires after it was read, and before its time to live could begin anew.
        await using var expiring = new NpgsqlConnection(postgres.ConnectionString + ";Pooling=false");
        await expiring.OpenAsync().Within();
        await using var transaction = await expiring.BeginTransactionAsync().AsTask().Within();
        await using var command = new NpgsqlCommand(Pass(path, 900), expiring);
        await command.ExecuteNonQueryAsync().Within();
        var read = _host.ReadAsync(path);
        await Bounded.Until(
            async () => await postgres.ScalarAsync<long>(
                "select count(*) from pg_stat_activity "
                + "where query like '%stream_look%' and wait_event_type = 'Lock'") == 1,
            "the time to live is to begin anew");
        await transaction.CommitAsync().Within();

        Assert.Equal(Presence.Missing, (await read).Presence);
        Assert.Equal(Presence.Missing, (await _host.Store.HeadAsync(path, default).Within()).Presence);
    }

    [Fact]
    public async Task Times_to_live_of_any_length_can_be_had()
    {
        var (shortest, longest) = (NewPath(), NewPath());

        Assert.Equal(CreateStatus.Created, (await _host.CreateAsync(shortest, ttl: 0)).Status);
        Assert.Equal(CreateStatus.Created, (await _host.CreateAsync(longest, ttl: long.MaxValue)).Status);

        Assert.Equal(Presence.Missing, (await _host.ReadAsync(shortest)).Presence);
        Assert.Equal(Presence.Present, (await _host.ReadAsync(longest)).Presence);
        Assert.Equal(AppendStatus.Appended, (await _host.AppendAsync(longest, "x")).Status);
        await _host.Get<DurableStreamSweep>().RunAsync(default).Within();
        Assert.Equal(long.MaxValue, (await _host.ReadAsync(longest)).Stream!.TtlSeconds);
    }

    [Fact]
    public async Task The_sweep_takes_what_has_expired_and_nothing_else()
    {
        var (expired, read, living, deleted) = (NewPath(), NewPath(), NewPath(), NewPath());
        foreach (var path in new[] { expired, read, living, deleted })
            await _host.CreateAsync(path, content: ["x"], ttl: path == living ? null : 1_000);
        await _host.AppendAsync(expired, "y", producer: new ProducerPosition("p", 0, 0));
        await _host.DeleteAsync(deleted).Within();
        await PassAsync(expired, 1_100);
        await PassAsync(read, 900);
        await _host.ReadAsync(read);
        await PassAsync(read, 900);

        await _host.Get<DurableStreamSweep>().RunAsync(default).Within();

        Assert.Equal("x", await _host.ReadAllAsync(read));
        Assert.Equal("x", await _host.ReadAllAsync(living));
        Assert.Equal(
            0,
            await postgres.ScalarAsync<long>(
                $"select count(*) from chunkstream.streams where path in ('{expired}', '{deleted}') or path is null"));
        Assert.Equal(
            0,
            await postgres.ScalarAsync<long>(
                "select count(*) from chunkstream.chunks m "
                + "where not exists (select from chunkstream.streams s where s.id = m.stream_id)"));
        Assert.Equal(
            0,
            await postgres.ScalarAsync<long>(
                "select count(*) from chunkstream.producers p "
                + "where not exists (select from chunkstream.streams s where s.id = p.stream_id)"));
    }

    [Fact]
    public async Task The_sweep_deletes_large_streams_bit_by_bit()
    {
        var path = NewPath();
        await _host.CreateAsync(path, Json);
        for (var chunk = 0; chunk < 250; chunk++)
            await _host.AppendJsonAsync(path, "1");
        await _host.Get<DurableStreamSweep>().RunAsync(default).Within();
        await _host.DeleteAsync(path).Within();

        var rounds = 0;
        while (await _host.Store.SweepAsync(10, 100, default).Within() is > 0 and var done)
        {
            Assert.InRange(done, 1, 110);
            rounds++;
        }

        Assert.Equal(3, rounds);
    }

    [Fact]
    public async Task Several_sweeps_at_once_do_not_harm()
    {
        await using var other = StoreHost.Start(postgres.ConnectionString);
        for (var i = 0; i < 30; i++)
        {
            var (path, fork) = (NewPath(), NewPath());
            await _host.CreateAsync(path, content: ["x"]);
            await _host.CreateAsync(fork, null, fork: new ForkPoint(path, null, 0));
            await _host.DeleteAsync(path).Within();
            await _host.DeleteAsync(fork).Within();
        }

        await Task.WhenAll(
            new[] { _host, other, _host, other }
                .Select(host => host.Get<DurableStreamSweep>().RunAsync(default))).Within();
        await _host.Get<DurableStreamSweep>().RunAsync(default).Within();

        Assert.Equal(
            0, await postgres.ScalarAsync<long>("select count(*) from chunkstream.streams where path is null"));
    }

    [Fact]
    public async Task An_expired_source_is_kept_for_its_forks()
    {
        var (source, fork) = (NewPath(), NewPath());
        await _host.CreateAsync(source, content: ["abc"], ttl: 1_000);
        await _host.CreateAsync(fork, null, ttl: 100_000, fork: new ForkPoint(source, null, 0));
        await PassAsync(source, 2_000);

        await _host.Get<DurableStreamSweep>().RunAsync(default).Within();

        Assert.Equal(Presence.Gone, (await _host.ReadAsync(source)).Presence);
        Assert.Equal("abc", await _host.ReadAllAsync(fork));
        await PassAsync(fork, 200_000);
        await _host.Get<DurableStreamSweep>().RunAsync(default).Within();
        Assert.Equal(Presence.Missing, (await _host.ReadAsync(source)).Presence);
        Assert.Equal(
            0,
            await postgres.ScalarAsync<long>(
                $"select count(*) from chunkstream.streams where path in ('{source}', '{fork}') or path is null"));
    }

    /// <summary>Lets time pass for one stream.</summary>
    private Task PassAsync(string path, int seconds) => postgres.ExecuteAsync(Pass(path, seconds));

    private static string Pass(string path, int seconds) =>
        $"""
        update chunkstream.streams set
            touched_at = touched_at - interval '{seconds} seconds',
            due_at = due_at - interval '{seconds} seconds',
            expires_at = case when expires_at is not null then now() end
        where path = '{path}'
        """;
}
