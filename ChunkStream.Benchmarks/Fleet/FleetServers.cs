using System.Diagnostics;
using System.Globalization;
using ChunkStream.Benchmarks.E2e;
using ChunkStream.Benchmarks.E2e.Processes;
using ChunkStream.Benchmarks.E2e.Servers;
using Npgsql;

namespace ChunkStream.Benchmarks.Fleet;

/// <summary>Three instances of the local host behind nginx, over one database.</summary>
internal sealed class FleetServers : IAsyncDisposable
{
    /// <summary>How many there are.</summary>
    public const int Count = 3;

    // While an instance is replaced there are four, each with this pool and 16 connections for durable streams and
    // live queries: 296 of the 300 that the database has.
    private const int PoolSize = 58;

    private const string CreateSql =
        """
        create table paced_rows (id bigint primary key);
        insert into paced_rows select generate_series(1, 100000);
        analyze paced_rows;
        -- Rows come in the order of their keys without having been sorted, which would need all of them.
        do $$ begin
            execute format('alter database %I set enable_seqscan = off', current_database());
            execute format('alter database %I set enable_sort = off', current_database());
        end $$;
        """;

    private readonly string _connectionString;
    private readonly ServerProcess?[] _running = new ServerProcess?[Count];
    private NginxProcess? _nginx;

    private FleetServers(string connectionString) => _connectionString = connectionString;

    /// <summary>nginx's port on 127.0.0.1.</summary>
    public int Port => _nginx!.Port;

    /// <summary>Makes the rows, and starts all.</summary>
    public static async Task<FleetServers> StartAsync(TestDatabase database, CancellationToken cancellation)
    {
        await using (var source = NpgsqlDataSource.Create(database.ConnectionString))
        {
            await using var create = source.CreateCommand(CreateSql);
            await create.ExecuteNonQueryAsync(cancellation);
        }

        var servers = new FleetServers(
            $"{database.ConnectionString};Maximum Pool Size={PoolSize.ToString(CultureInfo.InvariantCulture)}");
        try
        {
            for (var place = 0; place < Count; place++)
                servers._running[place] = await servers.StartOneAsync(cancellation);
            servers._nginx = await NginxProcess.StartAsync(servers.Ports, cancellation);
            return servers;
        }
        catch
        {
            await servers.DisposeAsync();
            throw;
        }
    }

    /// <summary>Replaces an instance by a new one.</summary>
    /// <param name="place">Which one.</param>
    /// <param name="isTold">Whether nginx gives the old one nothing more to do before it is told to stop.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>From when to when the old one was stopping: timestamps.</returns>
    public async Task<(long From, long To)> ReplaceAsync(int place, bool isTold, CancellationToken cancellation)
    {
        var old = _running[place]!;
        _running[place] = await StartOneAsync(cancellation);
        await using (old)
        {
            await _nginx!.ReloadAsync(isTold ? Ports : [.. Ports, old.Port], cancellation);
            var from = Stopwatch.GetTimestamp();
            await old.StopAsync(cancellation);
            return (from, Stopwatch.GetTimestamp());
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_nginx is not null)
            await _nginx.DisposeAsync();
        foreach (var server in _running)
        {
            if (server is not null)
                await server.DisposeAsync();
        }
    }

    private int[] Ports => [.. _running.Select(server => server!.Port)];

    private Task<ServerProcess> StartOneAsync(CancellationToken cancellation) => LocalHostServer.StartAsync(
        _connectionString,
        cancellation,
        ("ChunkStream__ResumeKey", "one secret of all the instances of the benchmark"),
        ("ChunkStream__QueriesPath", Path.Combine(AppContext.BaseDirectory, "Fleet", "queries")),
        ("ChunkStream__DefaultQuery", "paced"));
}
