using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Npgsql;
using Npgsql.Internal;
using Npgsql.Internal.Postgres;

namespace ChunkStream.Postgres.Rows;

/// <summary>
/// The current row of a reader as Postgres sent it, value by value, in the reader's own buffer: nothing is copied, and
/// the reader is called once a row instead of twice a column. Valid until the reader's next step.
/// </summary>
/// <remarks>
/// A reader that is not sequential holds a row as a whole. One value's place in its buffer therefore tells all that
/// follow: each is its length in 4 bytes (-1 for null) and its bytes (Postgres, "Message Formats", DataRow).
/// </remarks>
internal ref struct RawRow
{
    private readonly int _firstNotNull;
    private ReadOnlySpan<byte> _rest;
    private int _column;
    private readonly int _firstLength;

    /// <param name="reader">
    /// A reader that stands on a row, and comes from a data source that was built with <see cref="Enable"/>.
    /// </param>
    /// <param name="columns">How many columns it has.</param>
    public RawRow(NpgsqlDataReader reader, int columns)
    {
        while (_firstNotNull < columns && reader.IsDBNull(_firstNotNull))
            _firstNotNull++;
        if (_firstNotNull == columns)
            return;

        var first = reader.GetFieldValue<RawValue>(_firstNotNull);
        _rest = first.Buffer.AsSpan(first.Offset);
        _firstLength = first.Length;
    }

    /// <summary>
    /// Steps to the next column; false if its value is null. It must not be called more often than there are columns.
    /// </summary>
    /// <param name="value">In Postgres's binary format.</param>
    public bool TryNext(out ReadOnlySpan<byte> value)
    {
        var column = _column++;
        var length = -1;
        if (column == _firstNotNull)
        {
            length = _firstLength;
        }
        else if (column > _firstNotNull)
        {
            length = BinaryPrimitives.ReadInt32BigEndian(_rest);
            _rest = _rest[sizeof(int)..];
        }

        if (length < 0)
        {
            value = default;
            return false;
        }

        value = _rest[..length];
        _rest = _rest[length..];
        return true;
    }

    /// <summary>Lets the readers of a data source tell where in their buffer a value is.</summary>
    [Experimental("NPG9001")]
    public static void Enable(NpgsqlDataSourceBuilder builder) => builder.AddTypeInfoResolverFactory(new RawValues());
}

/// <summary>A value's place in the buffer of its reader.</summary>
internal readonly record struct RawValue(byte[] Buffer, int Offset, int Length);

/// <summary>Reads a value of any type as its place.</summary>
[Experimental("NPG9001")]
file sealed class RawValues : PgTypeInfoResolverFactory
{
    public override IPgTypeInfoResolver CreateResolver() => new Resolver();

    public override IPgTypeInfoResolver? CreateArrayResolver() => null;

    private sealed class Resolver : IPgTypeInfoResolver
    {
        private static readonly Converter Converter = new();

        public PgTypeInfo? GetTypeInfo(Type? type, DataTypeName? dataTypeName, PgSerializerOptions options)
            => type == typeof(RawValue) && dataTypeName is { } name ? new PgTypeInfo(options, Converter, name) : null;
    }

    private sealed class Converter : PgBufferedConverter<RawValue>
    {
        public override bool CanConvert(DataFormat format, out BufferRequirements bufferRequirements)
        {
            bufferRequirements = BufferRequirements.None;
            return format is DataFormat.Binary;
        }

        protected override RawValue ReadCore(PgReader reader)
        {
            var length = reader.CurrentRemaining;
            return reader.TryReadBytes(length, out ReadOnlyMemory<byte> bytes)
                && MemoryMarshal.TryGetArray(bytes, out var place)
                ? new RawValue(place.Array!, place.Offset, length)
                : throw new NotSupportedException(
                    "The reader does not hold the row as a whole: it must not be sequential.");
        }

        protected override void WriteCore(PgWriter writer, RawValue value)
            => throw new NotSupportedException("Values are only read.");
    }
}
