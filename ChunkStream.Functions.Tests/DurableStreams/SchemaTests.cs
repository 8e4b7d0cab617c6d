using ChunkStream.DurableStreams.Live;
using ChunkStream.DurableStreams.Schema;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Problems;
using Npgsql;
using static ChunkStream.Functions.Tests.DurableStreams.StoreHost;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>How the tables come into a database. Each test has a database of its own.</summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class SchemaTests(RealPostgres postgres) : IAsyncLifetime
{
    private readonly string _database = $"schema_{Guid.NewGuid():N}";
    private readonly string _role = $"role_{Guid.NewGuid():N}";

    public async Task InitializeAsync()
    {
        await postgres.ExecuteAsync($"create database {_database}");
        await postgres.ExecuteAsync($"create role {_role} login password 'secret'");
    }

    public async Task DisposeAsync()
    {
        await postgres.ExecuteAsync($"drop database {_database} with (force)");
        await postgres.ExecuteAsync($"drop role {_role}");
    }

    [Fact]
    public async Task They_are_made_at_the_first_use_by_many_at_once()
    {
        var hosts = Enumerable.Range(0, 4).Select(_ => StoreHost.Start(ConnectionString())).ToArray();

        var created = await Task.WhenAll(
            hosts.SelectMany(host => Enumerable.Range(0, 3).Select(_ => host.CreateAsync(NewPath()))));

        Assert.All(created, result => Assert.Equal(CreateStatus.Created, result.Status));
        Assert.Contains(hosts, host => host.Log.Entries.Any(entry => entry.Event.Name == "StreamSchemaInstalled"));
        foreach (var host in hosts)
            await host.DisposeAsync();
    }

    [Fact]
    public async Task The_script_may_be_run_again_and_by_several_at_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => RunScriptAsync()));
        await using var host = StoreHost.Start(ConnectionString());
        var path = NewPath();
        await host.CreateAsync(path, content: ["x"]);

        await RunScriptAsync();

        Assert.Equal("x", await host.ReadAllAsync(path));
        Assert.DoesNotContain(host.Log.Entries, entry => entry.Event.Name == "StreamSchemaInstalled");
    }

    [Fact]
    public async Task A_role_that_may_not_make_them_is_told_what_to_do_and_goes_on_once_it_is_done()
    {
        await using var host = StoreHost.Start(ConnectionString(_role));

        var problem = await RefusalAsync(host);
        await RefusalAsync(host);
        Assert.Equal(503, problem.Status);
        Assert.Contains("--print-schema", problem.Detail, StringComparison.Ordinal);
        Assert.Single(host.Log.Entries, entry => entry.Event.Name == "StreamSchemaMissing");

        await RunScriptAsync();
        await Bounded.Until(
            async () => (await RefusalAsync(host)).Detail.Contains("grant", StringComparison.Ordinal),
            "it is told of the grants");
        await ExecuteAsync(
            $"""
            grant usage on schema chunkstream to {_role};
            grant select, insert, update, delete on all tables in schema chunkstream to {_role};
            """);
        await Bounded.Until(async () => await TryCreateAsync(host) is null, "it works");

        // The role can do everything that the app ever needs.
        var (path, fork) = (NewPath(), NewPath());
        var stream = (await host.CreateAsync(path, ttl: 1_000)).Stream!;
        using (var reader = host.Live.Follow(stream, 0))
        {
            await host.AppendAsync(path, "x", sequence: "1", producer: new ProducerPosition("p", 0, 0));
            Assert.Equal("x", Text((await reader.NextAsync(default).Within())!.Data));
            await Bounded.Until(() => Task.FromResult(host.Get<ChangeListener>().IsProved), "it hears of changes");
        }

        await host.CreateAsync(fork, null, fork: new ForkPoint(path, null, 0));
        Assert.Equal("x", await host.ReadAllAsync(fork));
        Assert.Equal(Presence.Present, await host.DeleteAsync(fork).Within());
        await host.Get<DurableStreamSweep>().RunAsync(default).Within();
    }

    [Fact]
    public async Task Tables_that_go_while_we_run_come_again()
    {
        await using var host = StoreHost.Start(ConnectionString());
        await host.CreateAsync(NewPath());

        await ExecuteAsync("drop schema chunkstream cascade");

        Assert.Equal(CreateStatus.Created, (await host.CreateAsync(NewPath())).Status);
    }

    [Fact]
    public async Task A_later_version_is_taken_as_it_is()
    {
        await RunScriptAsync();
        await ExecuteAsync(
            $"insert into chunkstream.schema_version (version) values ({DurableStreamSchema.Version + 1})");

        await using var host = StoreHost.Start(ConnectionString());

        Assert.Equal(CreateStatus.Created, (await host.CreateAsync(NewPath())).Status);
    }

    [Fact]
    public async Task The_sweep_makes_none()
    {
        await using var host = StoreHost.Start(ConnectionString());

        await host.Get<DurableStreamSweep>().RunAsync(default).Within();

        await using var source = NpgsqlDataSource.Create(ConnectionString() + ";Pooling=false");
        await using var command = source.CreateCommand("select to_regnamespace('chunkstream') is null");
        Assert.True((bool)(await command.ExecuteScalarAsync())!);
    }

    [Fact]
    public async Task Functions_do_not_look_up_names_where_a_caller_says()
    {
        await RunScriptAsync();
        await ExecuteAsync(
            """
            create schema bad;
            create function bad.octet_length(bytea) returns integer language sql as 'select 1 / 0';
            create function bad.lower(text) returns text language sql as 'select (1 / 0)::text';
            create table bad.streams (id bigint);
            create table bad.messages (id bigint);
            """);

        await using var host = StoreHost.Start(ConnectionString() + ";Search Path=\"bad, pg_catalog\"");
        var path = NewPath();
        await host.CreateAsync(path, content: ["x"]);
        await host.AppendAsync(path, "y");
        Assert.Equal("xy", await host.ReadAllAsync(path));
    }

    private string ConnectionString(string? role = null)
    {
        var settings = new NpgsqlConnectionStringBuilder(postgres.ConnectionString) { Database = _database };
        if (role is not null)
            (settings.Username, settings.Password) = (role, "secret");
        return settings.ConnectionString;
    }

    private static async Task<Problem> RefusalAsync(StoreHost host)
    {
        var problem = await TryCreateAsync(host);
        Assert.NotNull(problem);
        return problem;
    }

    private static async Task<Problem?> TryCreateAsync(StoreHost host)
    {
        try
        {
            await host.CreateAsync(NewPath());
            return null;
        }
        catch (ProblemException e)
        {
            return e.Problem;
        }
    }

    private Task RunScriptAsync() => ExecuteAsync(DurableStreamSchema.Script);

    private async Task ExecuteAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(ConnectionString() + ";Pooling=false");
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync().Within();
    }
}
