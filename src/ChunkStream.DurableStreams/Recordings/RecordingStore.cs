using ChunkStream.DurableStreams.Live;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Problems;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;
using static ChunkStream.DurableStreams.Store.SqlParameter;

namespace ChunkStream.DurableStreams.Recordings;

/// <summary>Recordings in Postgres: the schema's SQL functions for them as methods.</summary>
/// <param name="calls">Calls the functions.</param>
/// <param name="store">Has the recordings' streams.</param>
/// <param name="options">How long recordings are kept, and how much is read at a time.</param>
internal sealed class RecordingStore(SqlCalls calls, DurableStore store, IOptions<DurableStreamOptions> options)
{
    /// <summary>
    /// Finds a recording, or creates it; of a name's runs, the one that goes on, or the next one. It may be called
    /// again: a recorder that has created the recording is told so each time.
    /// </summary>
    /// <param name="generator">What is recorded.</param>
    /// <param name="recorder">Who would record it.</param>
    /// <param name="mayCreate">Whether it may be created.</param>
    /// <param name="cancellation">When it is cancelled, the call ends.</param>
    public Task<BegunRecording> BeginAsync(
        RecordableGenerator generator, Guid recorder, bool mayCreate, CancellationToken cancellation)
        => calls.RunAsync(
            generator.IsRun
                ? "select * from chunkstream.recording_begin_run($1, $2, $3, $4, $5, $6, $7, $8)"
                : "select * from chunkstream.recording_begin($1, $2, $3, $4, $5, $6, $7, $8)",
            [
                Text(generator.IsRun ? generator.Path + "/" : generator.Path), Text(generator.ContentType),
                Create(!generator.IsText), Create(recorder), Text(generator.Subject),
                Number(options.Value.KeepRecordingSeconds), Create(options.Value.RecorderSeconds), Create(mayCreate),
            ],
            (reader, asked) => ReadAsync(reader, asked, generator.IsRun),
            mayRepeat: true,
            cancellation);

    /// <summary>Finds the newest run of a name, also if it has ended.</summary>
    public Task<BegunRecording> FindRunAsync(RecordingName name, CancellationToken cancellation)
        => calls.RunAsync(
            "select * from chunkstream.recording_find_run($1)",
            [Text(name.Path + "/")],
            (reader, asked) => ReadAsync(reader, asked, isRun: true),
            mayRepeat: true,
            cancellation);

    /// <summary>Asks for the end of a recording, on whichever instance it is made.</summary>
    public Task AskToStopAsync(long id, CancellationToken cancellation)
        => calls.RunAsync(
            "select chunkstream.recording_ask_to_stop($1)",
            [Create(id)],
            (_, _) => Task.FromResult(true),
            mayRepeat: true,
            cancellation);

    /// <summary>Which of some recordings are to end.</summary>
    public Task<List<RecordingStop>> StopsAsync(IEnumerable<long> ids, CancellationToken cancellation)
        => calls.RunAsync(
            "select * from chunkstream.recording_stops($1)",
            [Ids(ids)],
            async (reader, _) =>
            {
                var stops = new List<RecordingStop>();
                while (await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false))
                    stops.Add(new RecordingStop(reader.GetInt64(0), reader.GetBoolean(1)));
                return stops;
            },
            mayRepeat: true,
            cancellation);

    /// <summary>
    /// Whether at least so many recordings have paths that begin with a text. Those that have expired count until they
    /// are swept.
    /// </summary>
    public Task<bool> HasAsync(string prefix, int count, CancellationToken cancellation)
        => calls.RunAsync(
            """
            select count(*) >= $2 from (
                select from chunkstream.recordings r join chunkstream.streams s on s.id = r.stream_id
                where starts_with(s.path, $1) limit $2) r
            """,
            [Text(prefix), Create((long)count)],
            async (reader, _) =>
            {
                await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false);
                return reader.GetBoolean(0);
            },
            mayRepeat: true,
            cancellation);

    /// <summary>A segment of what was recorded, from a position on; at least one byte or message.</summary>
    /// <param name="id">The stream's number.</param>
    /// <param name="from">Where to begin: before the stream's tail.</param>
    /// <param name="to">Where to end at the latest.</param>
    /// <param name="cancellation">When it is cancelled, the call ends.</param>
    /// <exception cref="ProblemException">The recording is deleted, or has expired: 404.</exception>
    public async Task<LiveSegment> ReadAsync(long id, long from, long to, CancellationToken cancellation)
    {
        var stored = await store.ReadOnAsync(id, from, to, options.Value.SegmentBytes, cancellation)
            .ConfigureAwait(false);
        return LiveSegment.From(stored) is { } segment && segment.Next > from
            ? segment
            : throw new ProblemException(DurableProblems.RecordingDeleted);
    }

    /// <summary>How far a recording is. Tells its recorder that it has a reader.</summary>
    public Task<RecordingState> LookAsync(long id, CancellationToken cancellation)
        => calls.RunAsync(
            "select * from chunkstream.recording_look($1)",
            [Create(id)],
            async (reader, _) =>
            {
                await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false);
                return new RecordingState(
                    reader.GetBoolean(0), reader.NullableInt64(1) ?? 0, reader.GetBoolean(2), Cut(reader, 3));
            },
            mayRepeat: true,
            cancellation);

    /// <summary>Tells the database that this process still makes some recordings.</summary>
    /// <returns>What became of each.</returns>
    public Task<List<RenewedRecording>> RenewAsync(IEnumerable<long> ids, CancellationToken cancellation)
        => calls.RunAsync(
            "select * from chunkstream.recording_renew($1, $2)",
            [
                Ids(ids),
                Create(options.Value.RecorderSeconds),
            ],
            async (reader, _) =>
            {
                var recordings = new List<RenewedRecording>();
                while (await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false))
                {
                    // The columns are read in their order, because the reader is sequential.
                    var (id, isOver) = (reader.GetInt64(0), reader.GetBoolean(1));
                    recordings.Add(new RenewedRecording(id, isOver, reader.IsDBNull(2) ? null : reader.GetDouble(2)));
                }

                return recordings;
            },
            mayRepeat: true,
            cancellation);

    /// <summary>Says that a recording has ended before its end.</summary>
    public Task EndAsync(long id, RecordingCut cut, CancellationToken cancellation)
        => calls.RunAsync(
            "select chunkstream.recording_end($1, $2)",
            [Create(id), Text(StatusNames.SnakeCase(cut.ToString()))],
            (_, _) => Task.FromResult(true),
            mayRepeat: true,
            cancellation);

    private static async Task<BegunRecording> ReadAsync(NpgsqlDataReader reader, long asked, bool isRun)
    {
        await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false);
        var status = StatusNames<BeginStatus>.Parse(reader.GetString(0));
        return status is BeginStatus.Created or BeginStatus.Exists
            ? new BegunRecording(status, reader.ReadStream(asked), Cut(reader, 8), isRun ? reader.GetString(9) : null)
            : new BegunRecording(status, null, null);
    }

    private static NpgsqlParameter Ids(IEnumerable<long> ids)
        => new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint, Value = ids.ToArray() };

    private static RecordingCut? Cut(NpgsqlDataReader reader, int column)
        => reader.IsDBNull(column) ? null : StatusNames<RecordingCut>.Parse(reader.GetString(column));
}
