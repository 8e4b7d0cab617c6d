using System.Buffers;
using System.Text.Json;
using BenchmarkDotNet.Attributes;
using ChunkStream.Formats;
using ChunkStream.Streaming;

namespace ChunkStream.Benchmarks.Micro;

/// <summary>
/// The pump with a source that never makes it wait, beside the loop that the framework offers. The figures are per
/// record.
/// </summary>
[MemoryDiagnoser]
public class PumpBenchmarks
{
    private const int Count = 100_000;
    private const int FlushBytes = 32 * 1024;

    private readonly DiscardingWriter _body = new();
    private readonly StreamingOptions _options = new();

    /// <summary>Utf8JsonWriter onto the response, flushed as seldom as the pump does.</summary>
    [Benchmark(Baseline = true, OperationsPerInvoke = Count)]
    public async Task Utf8JsonWriterAlone()
    {
        await using var json = new Utf8JsonWriter(_body);
        var unflushed = 0L;
        for (var number = 0; number < Count; number++)
        {
            Records.Element.WriteTo(json);
            json.Flush();
            unflushed += json.BytesCommitted + 1;
            json.Reset();
            _body.Write("\n"u8);
            if (unflushed < FlushBytes)
                continue;

            await _body.FlushAsync();
            unflushed = 0;
        }
    }

    [Benchmark(OperationsPerInvoke = Count)]
    public Task Ndjson() => PumpAsync(StreamFormats.Ndjson);

    [Benchmark(OperationsPerInvoke = Count)]
    public Task Frames() => PumpAsync(StreamFormats.Frames);

    [Benchmark(OperationsPerInvoke = Count)]
    public Task Sse() => PumpAsync(StreamFormats.Sse);

    private async Task PumpAsync(StreamFormat format)
    {
        await using var source = new RepeatedSource(Records.Json, Count);
        await new StreamPump(source, format, _body, _options, TimeProvider.System)
            .RunAsync(source.WaitToReadAsync(), default);
    }
}
