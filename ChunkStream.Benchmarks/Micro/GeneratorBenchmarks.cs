using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using BenchmarkDotNet.Attributes;
using ChunkStream.Benchmarks.Served;
using ChunkStream.Formats;
using ChunkStream.Generators;
using ChunkStream.Streaming;

namespace ChunkStream.Benchmarks.Micro;

/// <summary>
/// From a generator's items to the bytes of a response: the pump, beside the plain way with the framework alone. The
/// figures are per item.
/// </summary>
[MemoryDiagnoser]
public class GeneratorBenchmarks
{
    private const int Items = 100_000;

    private static readonly Item[] Messages =
    [
        .. Enumerable.Range(0, 1000).Select(number => new Item(number, $"Chunk {number} data")),
    ];
    private static readonly string[] Lines = [.. Enumerable.Range(0, 1000).Select(number => $"Chunk {number}")];

    private readonly PipeWriter _body = new DiscardingWriter();

    [Benchmark(Baseline = true, OperationsPerInvoke = Items)]
    public async Task NdjsonByTheFrameworkAlone()
    {
        await foreach (var message in ServedGenerators.Messages(Items))
        {
            _body.Write(JsonSerializer.SerializeToUtf8Bytes(message, ItemJson.Default.Item));
            _body.Write("\n"u8);
        }

        await _body.FlushAsync();
    }

    [Benchmark(OperationsPerInvoke = Items)]
    public Task Ndjson() => PumpAsync(
        StreamFormats.Ndjson,
        new GeneratorSource<Item>(
            _ => ServedGenerators.Messages(Items), ItemJson.Default.Item, RecordEncoding.Json, default));

    [Benchmark(OperationsPerInvoke = Items)]
    public Task Text() => PumpAsync(
        StreamFormats.Text,
        new GeneratorSource<string>(
            _ => ServedGenerators.Lines(Items), ItemJson.Default.String, RecordEncoding.Text, default));

    [Benchmark(OperationsPerInvoke = Items)]
    public Task NdjsonFromMemory() => PumpAsync(
        StreamFormats.Ndjson,
        new GeneratorSource<Item>(
            _ => InMemory.Repeat(Messages, Items), ItemJson.Default.Item, RecordEncoding.Json, default));

    [Benchmark(OperationsPerInvoke = Items)]
    public Task TextFromMemory() => PumpAsync(
        StreamFormats.Text,
        new GeneratorSource<string>(
            _ => InMemory.Repeat(Lines, Items), ItemJson.Default.String, RecordEncoding.Text, default));

    private async Task PumpAsync(StreamFormat format, StreamSource source)
    {
        await using var _ = source;
        await new StreamPump(source, format, _body, new StreamingOptions(), TimeProvider.System)
            .RunAsync(source.WaitToReadAsync(), default);
    }
}
