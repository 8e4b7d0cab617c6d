using ChunkStream.DurableStreams.Store;
using Npgsql;
using NpgsqlTypes;
using static ChunkStream.DurableStreams.Store.SqlParameter;

namespace ChunkStream.DurableStreams.Recordings;

/// <summary>The schema's functions for recordings, as methods.</summary>
internal sealed class RecordingStore(SqlCalls calls)
{
    /// <summary>Finds a recording, or creates it. May be asked again: who has created it is told so each time.</summary>
    public Task<BegunRecording> BeginAsync(BeginRecording begin, CancellationToken cancellation)
        => calls.RunAsync(
            "select * from chunkstream.recording_begin($1, $2, $3, $4, $5, $6, $7, $8)",
            [
                Text(begin.Path), Text(begin.ContentType), Of(begin.IsJson), Of(begin.Recorder), Text(begin.Subject),
                Number(begin.KeepSeconds), Of(begin.RecorderSeconds), Of(begin.MayCreate),
            ],
            async (reader, asked) =>
            {
                await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false);
                var status = StatusNames<BeginStatus>.Parse(reader.GetString(0));
                return status is BeginStatus.Created or BeginStatus.Exists
                    ? new BegunRecording(status, reader.ReadStream(asked), Cut(reader, 8))
                    : new BegunRecording(status, null, null);
            },
            mayRepeat: true,
            cancellation);

    /// <summary>Whether there are so many recordings whose paths begin with a text; those that have expired count until they are swept.</summary>
    public Task<bool> HasAsync(string prefix, int count, CancellationToken cancellation)
        => calls.RunAsync(
            """
            select count(*) >= $2 from (
                select from chunkstream.recordings r join chunkstream.streams s on s.id = r.stream_id
                where starts_with(s.path, $1) limit $2) r
            """,
            [Text(prefix), Of((long)count)],
            async (reader, _) =>
            {
                await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false);
                return reader.GetBoolean(0);
            },
            mayRepeat: true,
            cancellation);

    /// <summary>How far a recording is. Tells its recorder that it has a reader.</summary>
    public Task<RecordingState> LookAsync(long id, CancellationToken cancellation)
        => calls.RunAsync(
            "select * from chunkstream.recording_look($1)",
            [Of(id)],
            async (reader, _) =>
            {
                await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false);
                return new RecordingState(reader.GetBoolean(0), reader.NullableInt64(1) ?? 0, reader.GetBoolean(2), Cut(reader, 3));
            },
            mayRepeat: true,
            cancellation);

    /// <summary>Says of recordings that we still run them.</summary>
    /// <returns>Which are deleted, and how many seconds ago readers of other processes were last seen, if there were any.</returns>
    public Task<List<(long Id, bool IsOver, double? UnreadSeconds)>> RenewAsync(
        IEnumerable<long> ids, double recorderSeconds, CancellationToken cancellation)
        => calls.RunAsync(
            "select * from chunkstream.recording_renew($1, $2)",
            [new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint, Value = ids.ToArray() }, Of(recorderSeconds)],
            async (reader, _) =>
            {
                var recordings = new List<(long, bool, double?)>();
                while (await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false))
                    recordings.Add((reader.GetInt64(0), reader.GetBoolean(1), reader.IsDBNull(2) ? null : reader.GetDouble(2)));
                return recordings;
            },
            mayRepeat: true,
            cancellation);

    /// <summary>Says that a recording has ended before its end.</summary>
    public Task EndAsync(long id, RecordingCut cut, CancellationToken cancellation)
        => calls.RunAsync(
            "select chunkstream.recording_end($1, $2)",
            [Of(id), Text(StatusNames.SnakeCase(cut.ToString()))],
            (_, _) => Task.FromResult(true),
            mayRepeat: true,
            cancellation);

    private static RecordingCut? Cut(NpgsqlDataReader reader, int column)
        => reader.IsDBNull(column) ? null : StatusNames<RecordingCut>.Parse(reader.GetString(column));
}
