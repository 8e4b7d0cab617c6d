using ChunkStream.Benchmarks.E2e;
using ChunkStream.Benchmarks.E2e.Processes;
using ChunkStream.Benchmarks.E2e.Servers;

namespace ChunkStream.Benchmarks.Streams;

/// <summary>A server of the protocol: how it is started, and where its streams are.</summary>
/// <param name="What">What it is, in the words of the tables.</param>
/// <param name="Root">The address before the path of a stream.</param>
/// <param name="StartAsync">Starts the server.</param>
internal sealed record StreamServer(string What, string Root, Func<CancellationToken, Task<ServerProcess>> StartAsync)
{
    // This uses the database of the rows, which is there anyhow. No row is read.
    private const long Rows = 1_000;

    /// <summary>ChunkStream's local host.</summary>
    public static StreamServer Ours(TestDatabases databases) => new(
        "**ChunkStream**",
        $"{LocalHostServer.Api}/streams/",
        async cancellation => await LocalHostServer.StartAsync(
            await DatabaseAsync(databases, cancellation), cancellation));

    /// <summary>The protocol's own reference server.</summary>
    public static StreamServer Reference(TestDatabases databases) => new(
        $"{ReferenceServer.Name}, files with fdatasync, 4,000 handles",
        "/",
        cancellation => ReferenceServer.StartAsync(databases.StatePath, cancellation));

    /// <summary>The database of our streams.</summary>
    public static Task<TestDatabase> DatabaseAsync(TestDatabases databases, CancellationToken cancellation) =>
        databases.WithRowsAsync(Rows, cancellation);

    /// <summary>How often segments of streams were read so far.</summary>
    public static async Task<long> DatabaseReadsAsync(TestDatabases databases, CancellationToken cancellation)
    {
        await using var database = Npgsql.NpgsqlDataSource.Create(
            (await DatabaseAsync(databases, cancellation)).ConnectionString);
        await using var count = database.CreateCommand(
            """
            select coalesce(sum(calls), 0)::bigint from pg_stat_user_functions
            where schemaname = 'chunkstream' and funcname = 'stream_read'
            """);
        return (long)(await count.ExecuteScalarAsync(cancellation))!;
    }
}
