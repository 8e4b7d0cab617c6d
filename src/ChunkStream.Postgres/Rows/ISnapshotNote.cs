using Npgsql;

namespace ChunkStream.Postgres.Rows;

/// <summary>What has to be known of the snapshots in which a stream's rows are read.</summary>
internal interface ISnapshotNote
{
    /// <summary>The note of the first snapshot, which the stream's resume tokens hold, in ASCII.</summary>
    ReadOnlySpan<byte> Text { get; }

    /// <summary>Takes note of the snapshot of a cursor that is about to be opened.</summary>
    /// <param name="connection">Its connection, with the transaction, as the connection's own user.</param>
    Task TakeAsync(NpgsqlConnection connection);
}
