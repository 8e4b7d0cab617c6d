using ChunkStream.Functions.Tests.Postgres.Live.Changes;
using ChunkStream.Functions.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres.Live;

[Collection(RealPostgres.Collection)]
public sealed class LiveJoinTests(RealPostgres postgres) : IAsyncLifetime
{
    // Who reads a row with the note "held" waits until nobody has this lock.
    private const int Gate = 20261127;

    private readonly QueryFiles _files = new QueryFiles().With(
        "gated", "-- key: id\n-- live\nselect id, note from live_gated where live_gate(note)");

    private PlainApi _api = null!;

    public async Task InitializeAsync()
    {
        await postgres.ExecuteAsync(
            $"""
            drop table if exists live_gated;
            create table live_gated (id int primary key, note text);
            insert into live_gated select n, 'first' from generate_series(1, 3) n;
            create or replace function live_gate(note text) returns bool language plpgsql volatile as $$
            begin
              if note = 'held' then
                perform pg_advisory_xact_lock_shared({Gate});
              end if;
              return true;
            end $$;
            """);
        _api = await PlainApi.StartAsync(
            app => app.MapQueries(),
            services => services.AddChunkStream().AddQueries(),
            settings:
            [
                ("ConnectionStrings:Postgres", postgres.ConnectionString), _files.Setting,
                ("ChunkStream:ResumeKey", new string('k', 32)),
            ]);
    }

    public async Task DisposeAsync()
    {
        await _api.DisposeAsync();
        _files.Dispose();
        await postgres.ExecuteAsync("drop table live_gated; drop function live_gate");
    }

    [Fact]
    public async Task Who_joins_while_a_step_is_under_way_is_not_taken_back_to_its_snapshot()
    {
        using var first = new LiveClient(_api.Client, "/queries/gated");
        await first.OpenAsync();
        await first.UntilUpToDateAsync();

        // A step has its snapshot, and waits for its rows.
        await using var gate = await CloseGateAsync();
        await postgres.ExecuteAsync("update live_gated set note = 'held' where id = 1");
        await UntilOneWaitsAsync();
        await postgres.ExecuteAsync("update live_gated set note = 'later' where id <= 2");
        using var second = new LiveClient(_api.Client, "/queries/gated");
        await second.OpenAsync();
        await second.UntilUpToDateAsync();
        Assert.Contains("later", second.Rows["1"], StringComparison.Ordinal);

        await gate.DisposeAsync();
        await first.UntilAsync(it => it.Rows["1"].Contains("held", StringComparison.Ordinal));
        await postgres.ExecuteAsync("update live_gated set note = 'last' where id = 3");
        await second.UntilAsync(it =>
        {
            Assert.DoesNotContain("held", it.Rows["1"], StringComparison.Ordinal);
            return it.Snapshot is not null && it.Rows["3"].Contains("last", StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task Who_reads_its_rows_while_another_begins_at_a_later_snapshot_is_told_what_lies_between()
    {
        // The first reader has its snapshot, and waits for its rows.
        await using var gate = await CloseGateAsync();
        await postgres.ExecuteAsync("update live_gated set note = 'held' where id = 1");
        using var first = new LiveClient(_api.Client, "/queries/gated");
        var opening = first.OpenAsync();
        await UntilOneWaitsAsync();

        await postgres.ExecuteAsync("update live_gated set note = 'later' where id = 1");
        using var second = new LiveClient(_api.Client, "/queries/gated");
        await second.OpenAsync();
        await second.UntilUpToDateAsync();

        await gate.DisposeAsync();
        await opening;
        await first.UntilUpToDateAsync();
        Assert.Contains("held", first.Rows["1"], StringComparison.Ordinal);
        await postgres.ExecuteAsync("update live_gated set note = 'last' where id = 3");
        await first.UntilAsync(
            it => it.Snapshot is not null && it.Rows["3"].Contains("last", StringComparison.Ordinal));
        Assert.Contains("later", first.Rows["1"], StringComparison.Ordinal);
    }

    // It is open again when the connection is closed.
    private async Task<NpgsqlConnection> CloseGateAsync()
    {
        var gate = new NpgsqlConnection(postgres.ConnectionString + ";Pooling=false");
        await gate.OpenAsync();
        await gate.SqlAsync($"select pg_advisory_lock({Gate})");
        return gate;
    }

    private Task UntilOneWaitsAsync() => Bounded.Until(
        () => postgres.ScalarAsync<bool>(
            $"select exists (select from pg_locks where locktype = 'advisory' and objid = {Gate} and not granted)"),
        "one waits at the gate");
}
