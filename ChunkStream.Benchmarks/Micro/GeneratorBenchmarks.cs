using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using BenchmarkDotNet.Attributes;
using ChunkStream.App.Demo;
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

    private static readonly ChunkMessage[] Messages = [.. Enumerable.Range(0, 1000).Select(number => new ChunkMessage(number, $"Chunk {number} data"))];
    private static readonly string[] Lines = [.. Enumerable.Range(0, 1000).Select(number => $"Chunk {number}")];

    private readonly PipeWriter _body = new DiscardingWriter();

    [Benchmark(Baseline = true, OperationsPerInvoke = Items)]
    public async Task NdjsonByTheFrameworkAlone()
    {
        await foreach (var message in DemoGenerators.Messages(Items, TimeSpan.Zero, TimeProvider.System))
        {
            _body.Write(JsonSerializer.SerializeToUtf8Bytes(message, DemoJson.Default.ChunkMessage));
            _body.Write("\n"u8);
        }

        await _body.FlushAsync();
    }

    [Benchmark(OperationsPerInvoke = Items)]
    public Task Ndjson() => PumpAsync(
        StreamFormats.Ndjson,
        new GeneratorSource<ChunkMessage>(
            token => DemoGenerators.Messages(Items, TimeSpan.Zero, TimeProvider.System, token), DemoJson.Default.ChunkMessage, RecordEncoding.Json, default));

    [Benchmark(OperationsPerInvoke = Items)]
    public Task Text() => PumpAsync(
        StreamFormats.Text,
        new GeneratorSource<string>(
            token => DemoGenerators.Lines(Items, TimeSpan.Zero, TimeProvider.System, token), DemoJson.Default.String, RecordEncoding.Text, default));

    [Benchmark(OperationsPerInvoke = Items)]
    public Task NdjsonFromMemory() => PumpAsync(
        StreamFormats.Ndjson,
        new GeneratorSource<ChunkMessage>(_ => InMemory.Repeat(Messages, Items), DemoJson.Default.ChunkMessage, RecordEncoding.Json, default));

    [Benchmark(OperationsPerInvoke = Items)]
    public Task TextFromMemory() => PumpAsync(
        StreamFormats.Text,
        new GeneratorSource<string>(_ => InMemory.Repeat(Lines, Items), DemoJson.Default.String, RecordEncoding.Text, default));

    private async Task PumpAsync(StreamFormat format, StreamSource source)
    {
        await using var _ = source;
        await new StreamPump(source, format, _body, new StreamingOptions(), TimeProvider.System).RunAsync(source.WaitToReadAsync(), default);
    }
}
