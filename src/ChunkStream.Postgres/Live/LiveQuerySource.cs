using ChunkStream.Formats;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Cursors;
using ChunkStream.Postgres.Failures;
using ChunkStream.Problems;
using ChunkStream.Streaming;

namespace ChunkStream.Postgres.Live;

/// <summary>
/// The rows of a query, and then what changes of them, for as long as the response lasts. After all that is known at a
/// moment comes the position, with which another request goes on.
/// </summary>
/// <param name="database">The database.</param>
/// <param name="queries">The live queries of this process.</param>
/// <param name="run">What the request asks for.</param>
/// <param name="time">The clock.</param>
/// <param name="cancellation">Cancelled when nobody wants the stream any more.</param>
internal sealed class LiveQuerySource(
    PostgresDatabase database, LiveQueries queries, LiveRun run, TimeProvider time, CancellationToken cancellation)
    : StreamSource, IKindSource
{
    private readonly LiveReader _reader = new(database, queries, run, time, cancellation);
    private Task? _waiting;

    // The record to which the reader has stepped, unless it is a row of the cursor.
    private LiveChange _change;
    private bool _isOfCursor;

    /// <inheritdoc />
    public RecordKind Kind { get; private set; }

    /// <inheritdoc />
    /// <remarks>
    /// It is the first change of a step of a query that is run again. A client that is cut in the step has a part of
    /// it. If the result is then as at the last position again, the server has nothing to tell, and the client would
    /// keep that part.
    /// </remarks>
    public bool LosesPlace { get; private set; }

    /// <summary>Whether the query is run as a whole at each change. It is known once a record has come.</summary>
    public bool IsRerun => _reader.IsRerun;

    /// <inheritdoc />
    public bool GoesOn => true;

    /// <inheritdoc />
    public override StreamSchema Schema => _reader.Schema!;

    /// <summary>
    /// Where a reader is that has applied what the response says until its next <see cref="RecordKind.UpToDate"/>, or
    /// was there before. It is known once a record has come.
    /// </summary>
    public LivePosition Next => _reader.Next;

    /// <inheritdoc />
    public override ReadOnlySpan<byte> Checkpoint
        => Told is { } told ? Token(told) : Rows is { } rows ? rows.Checkpoint : [];

    /// <inheritdoc />
    internal override ReadOnlySpan<byte> LinkedCheckpoint
        => Told is { } told ? Token(told) : Rows is { } rows ? rows.LinkedCheckpoint : [];

    /// <inheritdoc />
    internal override StreamContinuations Continuations => Rows?.Continuations ?? default;

    private LivePosition? Told => _reader.Told;

    private CursorSource? Rows => _reader.Rows;

    /// <inheritdoc />
    public override ValueTask<bool> WaitToReadAsync()
    {
        _reader.Span = Span;
        if (_reader.Outbox.HasNext)
            return new ValueTask<bool>(true);
        if (!_reader.IsAmongRows)
            return Wait(_reader.NextAsync(row: null));

        // A row that has arrived costs no task.
        var row = _reader.Rows!.WaitToReadAsync();
        if (!row.IsCompletedSuccessfully)
            return Wait(_reader.NextAsync(row.AsTask()));
        return row.Result ? new ValueTask<bool>(true) : Wait(_reader.NextAsync(Task.FromResult(false)));

        ValueTask<bool> Wait(Task<bool> next)
        {
            _waiting = next;
            return new ValueTask<bool>(next);
        }
    }

    /// <inheritdoc />
    public override bool TryRead()
    {
        if (_reader.Outbox.TryTake(out _change))
            (Kind, _isOfCursor) = (_change.Kind, false);
        else if (_reader.IsAmongRows && _reader.Rows!.TryRead())
            (Kind, _isOfCursor) = (RecordKind.Row, true);
        else
            return false;
        LosesPlace = IsRerun && Kind is RecordKind.Upsert or RecordKind.Delete
            && Told != LivePosition.Unknown;
        if (LosesPlace)
            _reader.Told = LivePosition.Unknown;
        return true;
    }

    /// <inheritdoc />
    public override void WriteRecord(ByteWriter output)
    {
        if (_isOfCursor)
        {
            _reader.Rows!.WriteRecord(output);
            _reader.Told = null;
            return;
        }

        if (Kind is RecordKind.UpToDate)
        {
            output.Write("{"u8);
            WritePosition(output, _reader.Next);
            return;
        }

        if (Kind is RecordKind.MustRefetch)
        {
            // A client that has forgotten the rows must not go on from where it had them. It is told both at once,
            // because a response may be cut after any line.
            output.Write("{\"reason\":"u8);
            output.Write(_change.Json.Span);
            output.Write(","u8);
            WritePosition(output, LivePosition.Unknown);
            return;
        }

        output.Write(_change.Json.Span);

        // A client that is slow after this record keeps none of the others in memory by it.
        _change = default;
    }

    /// <inheritdoc />
    public override Task WaitForReaderAsync(Task reader)
        => _reader.IsAmongRows ? _reader.Rows!.WaitForReaderAsync(reader) : reader;

    /// <inheritdoc />
    public override Problem Describe(Exception failure) => run.Rows.Describe?.Invoke(failure)
        ?? (run.Rows.Query.ShowsErrors ? RaisedProblem.Describe(failure) : null)
        ?? (run.Rows.Query.RunsAs is not null ? PostgresFailures.DescribeToUser(failure) : null)
        ?? LiveFailures.Describe(failure);

    /// <inheritdoc />
    public override async ValueTask DisposeAsync()
    {
        await (_waiting ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _reader.DisposeAsync().ConfigureAwait(false);
    }

    private void WritePosition(ByteWriter output, LivePosition position)
    {
        _reader.Told = position;
        output.Write("\"position\":\""u8);
        output.Write(Token(position));
        output.Write("\"}"u8);
    }

    // All who poll from one position get the same token, so that their next polls have the same URL for a cache: it
    // names no span.
    private ReadOnlySpan<byte> Token(LivePosition position)
    {
        var isPoll = run.PollTime is not null;
        if (isPoll && run.Since is { } since && since.Snapshot.Text == position.Snapshot.Text)
            position = position with { Turn = since.Turn + 1 };
        return run.Rows.Tokens!.Make(
            position.Ascii,
            isPoll ? null : Span is { } span ? span.Origin : run.Rows.Origin);
    }
}
