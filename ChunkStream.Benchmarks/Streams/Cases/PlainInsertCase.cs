using System.Diagnostics;
using ChunkStream.Benchmarks.E2e;
using ChunkStream.Benchmarks.E2e.Cases;
using ChunkStream.Benchmarks.E2e.Processes;
using ChunkStream.Benchmarks.Streams.Client;
using Npgsql;

namespace ChunkStream.Benchmarks.Streams.Cases;

/// <summary>
/// What Postgres itself can do: single inserts into a plain table, each in a transaction of its own.
/// </summary>
/// <param name="name">Its name.</param>
/// <param name="database">The database of the table.</param>
/// <param name="writers">How many write at once, each on a connection.</param>
/// <param name="length">For how long they write.</param>
internal sealed class PlainInsertCase(
    string name, Func<CancellationToken, Task<TestDatabase>> database, int writers, TimeSpan length) : IBenchmarkCase
{
    private NpgsqlDataSource? _source;

    /// <inheritdoc />
    public string Name => name;

    /// <inheritdoc />
    public string What => "Postgres itself, no web server: single inserts into a plain table, over prepared statements";

    /// <inheritdoc />
    public int MostRounds => int.MaxValue;

    /// <inheritdoc />
    public bool HasWarmUp => true;

    /// <inheritdoc />
    public ProcessUsage Usage => ProcessUsage.Unknown;

    /// <inheritdoc />
    public async Task StartAsync(CancellationToken cancellation)
    {
        _source = NpgsqlDataSource.Create((await database(cancellation)).ConnectionString);
        await using var create = _source.CreateCommand(
            "create table if not exists plain "
            + "(id bigint generated always as identity primary key, data bytea not null)");
        await create.ExecuteNonQueryAsync(cancellation);
    }

    /// <inheritdoc />
    public async Task<Sample> RunAsync(CancellationToken cancellation)
    {
        var began = Stopwatch.GetTimestamp();
        var counts = await Task.WhenAll(Enumerable.Range(0, writers).Select(_ => Task.Factory.StartNew(
            () => Write(cancellation), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        return new Sample(counts.Sum(), Stopwatch.GetElapsedTime(began));
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _source?.DisposeAsync() ?? ValueTask.CompletedTask;

    private long Write(CancellationToken cancellation)
    {
        using var connection = _source!.OpenConnection();
        using var insert = new NpgsqlCommand("insert into plain (data) values ($1)", connection);
        insert.Parameters.Add(new NpgsqlParameter { Value = NumberedMessages.Message(0) });
        insert.Prepare();
        var began = Stopwatch.GetTimestamp();
        var count = 0L;
        for (; Stopwatch.GetElapsedTime(began) < length; count++)
        {
            cancellation.ThrowIfCancellationRequested();
            insert.ExecuteNonQuery();
        }

        return count;
    }
}
