using System.IO.Pipelines;
using BenchmarkDotNet.Attributes;
using ChunkStream.Benchmarks.E2e;
using ChunkStream.Formats;
using ChunkStream.Postgres;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Cursors;
using ChunkStream.Postgres.Keys;
using ChunkStream.Postgres.Resuming;
using ChunkStream.Postgres.Rows;
using ChunkStream.Streaming;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChunkStream.Benchmarks.Micro;

/// <summary>
/// Streams the benchmarks' table from a cursor of a real Postgres through the pump to the bytes of a response, without
/// a web server. The figures are per row; what a stream costs once is spread over all its rows.
/// </summary>
[MemoryDiagnoser]
public class RowBenchmarks : IAsyncDisposable
{
    private const int Rows = 200_000;

    private readonly PipeWriter _body = new DiscardingWriter();
    private readonly TestDatabases _databases = new();
    private PostgresDatabase _database = null!;

    [GlobalSetup]
    public async Task StartAsync()
    {
        var database = await _databases.WithRowsAsync(Rows, CancellationToken.None);
        _database = new PostgresDatabase(
            ConfiguredConnection.Create(database.ConnectionString),
            new PostgresOptions(),
            TimeProvider.System,
            NullLoggerFactory.Instance);
    }

    [GlobalCleanup]
    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        await _databases.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Rows)]
    public Task Ndjson() => PumpAsync(StreamFormats.Ndjson);

    [Benchmark(OperationsPerInvoke = Rows)]
    public Task Csv() => PumpAsync(StreamFormats.Csv);

    [Benchmark(OperationsPerInvoke = Rows)]
    public Task Frames() => PumpAsync(StreamFormats.Frames);

    [Benchmark(OperationsPerInvoke = Rows)]
    public Task Sse() => PumpAsync(StreamFormats.Sse);

    private async Task PumpAsync(StreamFormat format)
    {
        await using var source = new CursorSource(
            _database,
            new QueryRun(new("select * from large_table") { Key = [new KeyColumn("id", IsDescending: false)] })
            {
                Tokens = new ResumeTokens(new byte[32], "large_table", "", ""),
            }, format.Encoding, TimeProvider.System, CancellationToken.None);
        await new StreamPump(source, format, _body, new StreamingOptions(), TimeProvider.System)
            .RunAsync(source.WaitToReadAsync(), CancellationToken.None);
    }
}
