using System.Buffers;
using BenchmarkDotNet.Attributes;
using ChunkStream.Formats;

namespace ChunkStream.Benchmarks.Micro;

/// <summary>
/// What each format puts around a record that is there, beside copying the record and a line break with the framework
/// alone. The figures are per record.
/// </summary>
[MemoryDiagnoser]
public class FormatBenchmarks
{
    private const int Count = 10_000;

    private readonly DiscardingWriter _body = new();

    [Benchmark(Baseline = true, OperationsPerInvoke = Count)]
    public void CopiedByTheFrameworkAlone()
    {
        for (var number = 0; number < Count; number++)
        {
            _body.Write(Records.Json);
            _body.Write("\n"u8);
        }
    }

    [Benchmark(OperationsPerInvoke = Count)]
    public void Ndjson() => Frame(StreamFormats.Ndjson);

    [Benchmark(OperationsPerInvoke = Count)]
    public void Json() => Frame(StreamFormats.Json);

    [Benchmark(OperationsPerInvoke = Count)]
    public void Csv() => Frame(StreamFormats.Csv);

    [Benchmark(OperationsPerInvoke = Count)]
    public void Text() => Frame(StreamFormats.Text);

    [Benchmark(OperationsPerInvoke = Count)]
    public void Sse() => Frame(StreamFormats.Sse);

    [Benchmark(OperationsPerInvoke = Count)]
    public void Frames() => Frame(StreamFormats.Frames);

    private void Frame(StreamFormat format)
    {
        var output = new ByteWriter(_body);
        for (var number = 0; number < Count; number++)
        {
            format.WriteRecordStart(output, number);
            output.Write(Records.Json);
            format.WriteRecordEnd(output);
        }

        output.Commit();
    }
}
