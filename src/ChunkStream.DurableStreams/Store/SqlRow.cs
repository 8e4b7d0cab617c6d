using Npgsql;

namespace ChunkStream.DurableStreams.Store;

/// <summary>Reads rows that the schema's SQL functions give.</summary>
internal static class SqlRow
{
    /// <summary>The stream in columns 1 to 7, which are read in this order: the reader is sequential.</summary>
    /// <param name="reader">A reader that stands on a row.</param>
    /// <param name="asked">When the database was asked: a timestamp.</param>
    public static DurableStream ReadStream(this NpgsqlDataReader reader, long asked) => new(
        reader.GetInt64(1),
        reader.GetString(2),
        reader.GetBoolean(3),
        reader.GetInt64(4),
        reader.GetBoolean(5),
        reader.NullableInt64(6),
        reader.IsDBNull(7) ? null : new DateTimeOffset(reader.GetDateTime(7)))
    {
        ReadAt = asked,
    };

    /// <summary>A number, or null.</summary>
    public static long? NullableInt64(this NpgsqlDataReader reader, int column)
        => reader.IsDBNull(column) ? null : reader.GetInt64(column);
}
