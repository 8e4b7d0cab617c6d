using System.Text.Json;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using ChunkStream.Formats;
using ChunkStream.Postgres.Columns;

namespace ChunkStream.Benchmarks.Micro;

/// <summary>
/// A column's values from Postgres's binary format to JSON, beside Utf8JsonWriter with the .NET value, which then still
/// has to be read from the binary format. The figures are per value.
/// </summary>
[MemoryDiagnoser]
[GroupBenchmarksBy(BenchmarkLogicalGroupRule.ByCategory)]
[CategoriesColumn]
public class ColumnWriterBenchmarks
{
    private const int Count = 1_000;

    private readonly DiscardingWriter _body = new();
    private readonly Column<long> _int8 = new(20, row => row * 7919L, BinaryValues.Int8);
    private readonly Column<decimal> _numeric =
        new(1700, row => row * 104_729 % 1_000_000 / 100m, BinaryValues.Numeric);
    private readonly Column<double> _float8 =
        new(701, row => row * 15_485_863L % 1_000_000 / 999_983d, BinaryValues.Float8);
    private readonly Column<string> _text = new(25, row => $"5\" nut {row}, \"größe L\"", BinaryValues.Text);
    private readonly Column<DateTime> _timestamp = new(
        1184,
        row => new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddSeconds(row * 1.25),
        BinaryValues.TimestampTz);
    private readonly Column<Guid> _uuid =
        new(2950, row => new Guid(row, 7, 9, [1, 2, 3, 4, 5, 6, 7, 8]), BinaryValues.Uuid);

    [BenchmarkCategory("int8"), Benchmark(Baseline = true, OperationsPerInvoke = Count)]
    public void Int8ByTheFramework() => ByTheFramework(_int8, static (json, value) => json.WriteNumberValue(value));

    [BenchmarkCategory("int8"), Benchmark(OperationsPerInvoke = Count)]
    public void Int8ByChunkStream() => FromBinary(_int8);

    [BenchmarkCategory("numeric"), Benchmark(Baseline = true, OperationsPerInvoke = Count)]
    public void NumericByTheFramework() =>
        ByTheFramework(_numeric, static (json, value) => json.WriteNumberValue(value));

    [BenchmarkCategory("numeric"), Benchmark(OperationsPerInvoke = Count)]
    public void NumericByChunkStream() => FromBinary(_numeric);

    [BenchmarkCategory("float8"), Benchmark(Baseline = true, OperationsPerInvoke = Count)]
    public void Float8ByTheFramework() => ByTheFramework(_float8, static (json, value) => json.WriteNumberValue(value));

    [BenchmarkCategory("float8"), Benchmark(OperationsPerInvoke = Count)]
    public void Float8ByChunkStream() => FromBinary(_float8);

    [BenchmarkCategory("text"), Benchmark(Baseline = true, OperationsPerInvoke = Count)]
    public void TextByTheFramework() => ByTheFramework(_text, static (json, value) => json.WriteStringValue(value));

    [BenchmarkCategory("text"), Benchmark(OperationsPerInvoke = Count)]
    public void TextByChunkStream() => FromBinary(_text);

    [BenchmarkCategory("timestamptz"), Benchmark(Baseline = true, OperationsPerInvoke = Count)]
    public void TimestampTzByTheFramework() =>
        ByTheFramework(_timestamp, static (json, value) => json.WriteStringValue(value));

    [BenchmarkCategory("timestamptz"), Benchmark(OperationsPerInvoke = Count)]
    public void TimestampTzByChunkStream() => FromBinary(_timestamp);

    [BenchmarkCategory("uuid"), Benchmark(Baseline = true, OperationsPerInvoke = Count)]
    public void UuidByTheFramework() => ByTheFramework(_uuid, static (json, value) => json.WriteStringValue(value));

    [BenchmarkCategory("uuid"), Benchmark(OperationsPerInvoke = Count)]
    public void UuidByChunkStream() => FromBinary(_uuid);

    private void ByTheFramework<T>(Column<T> column, Action<Utf8JsonWriter, T> write)
    {
        using var json = new Utf8JsonWriter(_body);
        json.WriteStartArray();
        foreach (var value in column.Values)
            write(json, value);
        json.WriteEndArray();
        json.Flush();
    }

    private void FromBinary<T>(Column<T> column)
    {
        var output = new ByteWriter(_body);
        foreach (var value in column.Binary)
        {
            column.Writer.WriteJson(output, value);
            output.Write((byte)',');
        }

        output.Commit();
    }

    /// <summary>Values of a type, in both forms.</summary>
    private sealed class Column<T>(uint type, Func<int, T> value, Func<T, byte[]> toBinary)
    {
        public ColumnWriter Writer { get; } = ColumnWriters.Find(type, exactNumbers: false)!;

        public T[] Values { get; } = [.. Enumerable.Range(0, Count).Select(value)];

        public byte[][] Binary { get; } = [.. Enumerable.Range(0, Count).Select(row => toBinary(value(row)))];
    }
}
