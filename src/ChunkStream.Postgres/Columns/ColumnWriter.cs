using ChunkStream.Formats;

namespace ChunkStream.Postgres.Columns;

/// <summary>
/// Writes the values of one column, from Postgres's binary format. A writer is chosen once for a result, by the
/// column's type, so that nothing is decided value by value. It has no state.
/// </summary>
internal abstract class ColumnWriter
{
    /// <summary>Writes one value that is not null as JSON.</summary>
    /// <param name="output">Receives the bytes.</param>
    /// <param name="value">The value in Postgres's binary format (its type's <c>send</c> function).</param>
    public abstract void WriteJson(ByteWriter output, ReadOnlySpan<byte> value);

    /// <summary>Writes one value that is not null as a CSV field.</summary>
    /// <inheritdoc cref="WriteJson" />
    public abstract void WriteCsv(ByteWriter output, ReadOnlySpan<byte> value);

    /// <summary>
    /// The writer for CSV that goes into spreadsheets, where no text may act as a formula. It is this writer itself if
    /// none of its values can look like one.
    /// </summary>
    public virtual ColumnWriter ForSpreadsheets => this;
}

/// <summary>Values that look alike in JSON and CSV: numbers and booleans.</summary>
internal abstract class BareWriter : ColumnWriter
{
    public sealed override void WriteCsv(ByteWriter output, ReadOnlySpan<byte> value) => WriteJson(output, value);
}

/// <summary>Values that are strings in JSON, and need neither escapes there nor quotes in CSV: dates, UUIDs.</summary>
internal abstract class PlainTextWriter : ColumnWriter
{
    public sealed override void WriteJson(ByteWriter output, ReadOnlySpan<byte> value)
    {
        output.Write((byte)'"');
        WriteCsv(output, value);
        output.Write((byte)'"');
    }
}

/// <summary>Makes strings in JSON of the values that another writer writes.</summary>
/// <param name="values">
/// Writes the values. What it writes as CSV must need neither quotes there nor escapes in JSON.
/// </param>
internal sealed class QuotedWriter(ColumnWriter values) : PlainTextWriter
{
    public override void WriteCsv(ByteWriter output, ReadOnlySpan<byte> value) => values.WriteCsv(output, value);
}
