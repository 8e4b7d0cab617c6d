using ChunkStream.Streaming;

namespace ChunkStream.Postgres.Columns;

/// <summary>
/// Writes the values of one column as JSON, from Postgres's binary format: chosen once a result set, by the column's
/// type, so that nothing is decided value by value. Stateless.
/// </summary>
internal abstract class ColumnWriter
{
    /// <summary>Writes one value that is not null.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="value">The value in Postgres's binary format (its type's <c>send</c> function).</param>
    public abstract void Write(ByteWriter output, ReadOnlySpan<byte> value);
}
