using Npgsql;
using NpgsqlTypes;

namespace ChunkStream.DurableStreams.Store;

/// <summary>Parameters of the schema's functions.</summary>
internal static class SqlParameter
{
    public static NpgsqlParameter<T> Create<T>(T value) => new() { TypedValue = value };

    public static NpgsqlParameter Text(string? value)
        => new() { NpgsqlDbType = NpgsqlDbType.Text, Value = (object?)value ?? DBNull.Value };

    public static NpgsqlParameter Number(long? value)
        => new() { NpgsqlDbType = NpgsqlDbType.Bigint, Value = (object?)value ?? DBNull.Value };

    public static NpgsqlParameter Instant(DateTimeOffset? value)
        => new() { NpgsqlDbType = NpgsqlDbType.TimestampTz, Value = (object?)value?.UtcDateTime ?? DBNull.Value };
}
