using System.Diagnostics;
using ChunkStream.Formats;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Failures;
using ChunkStream.Postgres.Keys;
using ChunkStream.Postgres.Rows;
using ChunkStream.Problems;
using ChunkStream.Streaming;
using Npgsql;

namespace ChunkStream.Postgres.Cursors;

/// <summary>
/// The rows of a query, through a cursor. A keyed query can let go of its cursor between any two rows, and goes on
/// along its key with another one.
/// </summary>
/// <param name="database">The database in which the query runs.</param>
/// <param name="run">The query, and what this run of it needs.</param>
/// <param name="encoding">The encoding in which rows are written.</param>
/// <param name="time">Measures how fast rows come, and how long a reader stalls.</param>
/// <param name="cancellation">Cancelled when nobody wants the rows any more: it reaches the backend.</param>
internal sealed class CursorSource(
    PostgresDatabase database, QueryRun run, RecordEncoding encoding, TimeProvider time, CancellationToken cancellation)
    : StreamSource
{
    // A reader that takes nothing for so long has stalled: if others wait for a connection, they get this one.
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(100);

    private readonly CursorRetries _retries = new(run);
    private readonly CursorTurn _turn = new(time);
    private Slot? _slot;
    private Cursor? _cursor;
    private KeyTracker? _key;
    private RowLayout? _layout;
    private KeysetPosition? _from;
    private StreamSchema? _schema;
    private Task<bool>? _advancing;
    private long _rows = run.After?.Rows ?? 0;
    private int _givenUpForReaders;

    // Why the next cursor begins in the middle of the stream, for the stream's span: as the metrics call it.
    private string? _continues = run.After is null ? null : "client";
    private bool _ready;
    private bool _isParted;
    private bool _ended;
    private bool _givesWay;

    /// <inheritdoc />
    public override StreamSchema Schema => _schema!;

    /// <inheritdoc />
    public override ReadOnlySpan<byte> Checkpoint => Token(origin: null);

    /// <inheritdoc />
    /// <remarks>An instance that traces nothing itself hands on what the token of the request named.</remarks>
    internal override ReadOnlySpan<byte> LinkedCheckpoint => Token(Span is { } span ? span.Origin : run.After?.Origin);

    /// <inheritdoc />
    public override ValueTask<bool> WaitToReadAsync()
    {
        if (_ready || _ended)
            return new ValueTask<bool>(_ready);
        return new ValueTask<bool>(_advancing ??= AdvanceAsync());
    }

    /// <inheritdoc />
    public override bool TryRead()
    {
        if (_ready)
        {
            _ready = false;
            _advancing = null;
            return true;
        }

        if (_ended || _advancing is not null || _cursor is null || _rows >= run.Query.MaxRows || _rows >= run.Limit)
            return false;
        _givesWay = run.Query.Key.Count > 0 && _turn.IsOver(_slot!);
        return !_givesWay && _cursor.TryRead();
    }

    /// <inheritdoc />
    public override void WriteRecord(ByteWriter output)
    {
        _cursor!.Rows.Write(_cursor.Current, output);
        _rows++;
    }

    /// <inheritdoc />
    public override async Task WaitForReaderAsync(Task reader)
    {
        // While Postgres works for this stream, its connection is not idle.
        if (_advancing is { IsCompleted: false } advancing)
            await Task.WhenAny(reader, advancing).ConfigureAwait(false);

        if (!reader.IsCompleted && _cursor is not null && !await IsBackAsync(reader).ConfigureAwait(false))
        {
            if (run.Query.Key.Count == 0)
                throw new ReaderStalledException();
            await PauseAsync().ConfigureAwait(false);
        }

        await reader.ConfigureAwait(false);
    }

    /// <inheritdoc />
    internal override StreamContinuations Continuations
        => new(run.After is not null, _givenUpForReaders, _retries.Count, _retries.LastFailure);

    /// <inheritdoc />
    public override Problem Describe(Exception failure)
        => run.Describe?.Invoke(failure)
            ?? (run.Query.ShowsErrors ? RaisedProblem.Describe(failure) : null)
            ?? (run.Query.RunsAs is not null ? PostgresFailures.DescribeToUser(failure) : null)
            ?? PostgresFailures.Describe(failure);

    /// <inheritdoc />
    public override async ValueTask DisposeAsync()
    {
        if (_advancing is Task advancing)
            await advancing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await CloseAsync().ConfigureAwait(false);
    }

    private async Task<bool> AdvanceAsync()
    {
        if (_givesWay)
            await GiveUpForReadersAsync().ConfigureAwait(false);
        _givesWay = false;
        _ready = await NextRowOfAnyCursorAsync().ConfigureAwait(false);
        _ended = !_ready;

        // The reader may take its time for the last rows. Nobody else has to wait for a connection meanwhile.
        if (_ended)
            await CloseAsync().ConfigureAwait(false);
        else if (_rows >= run.Query.MaxRows)
            throw new TooManyRowsException(_rows);
        return _ready;
    }

    /// <summary>Goes on with another cursor if the server gave up this one and no row is lost by that.</summary>
    private async Task<bool> NextRowOfAnyCursorAsync()
    {
        while (true)
        {
            try
            {
                if (_cursor is null)
                    await OpenAsync().ConfigureAwait(false);
                return await NextRowAsync().ConfigureAwait(false);
            }
            catch (Exception failure)
                when (!cancellation.IsCancellationRequested && _retries.CanGoOnAfter(failure, _rows))
            {
                var pause = _retries.Next(failure, _rows);
                _continues = "failure";
                await CloseAsync().ConfigureAwait(false);
                await Task.Delay(pause, time, cancellation).ConfigureAwait(false);
            }
        }
    }

    private async Task<bool> NextRowAsync()
    {
        if (_rows >= run.Limit)
            return false;
        if (await NextRowInTimeAsync().ConfigureAwait(false))
            return true;
        if (_isParted)
        {
            // This stream may hold one connection only, so the cursor gives back its own first.
            await CloseCursorAsync().ConfigureAwait(false);
            if (run.IsKeyProven is not { } isProven || !await isProven(cancellation).ConfigureAwait(false))
                await NullKeys.RefuseAsync(database, run.Query, _layout!, cancellation).ConfigureAwait(false);
        }

        return false;
    }

    private async Task<bool> NextRowInTimeAsync()
    {
        try
        {
            return await ReadAsync().ConfigureAwait(false);
        }
        catch (QueryTimeoutException) when (run.Query.Key.Count > 0 && _cursor!.FetchesSeveral)
        {
            // Either one row took too long, or the many rows of one FETCH did together. A new cursor at the same key
            // asks for the next row alone, and so tells which.
            await CloseAsync().ConfigureAwait(false);
            await OpenAsync().ConfigureAwait(false);
            return await ReadAsync().ConfigureAwait(false);
        }
    }

    // A cursor that is opened at a position gives the row at that position once more.
    private async Task<bool> ReadAsync()
    {
        var position = _from;
        _from = null;
        var hasRow = await _cursor!.ReadAsync().ConfigureAwait(false);
        return hasRow && position is not null && _cursor.Rows.IsAt(position, _cursor.Current)
            ? await _cursor.ReadAsync().ConfigureAwait(false)
            : hasRow;
    }

    private async Task OpenAsync()
    {
        _slot = await database.Slots.EnterAsync(isNewcomer: _schema is null, run.IsAnonymous, cancellation)
            .ConfigureAwait(false);
        var start = time.GetTimestamp();
        _from = Position();
        _isParted = _from is not null;
        try
        {
            _cursor = await OpenCursorAsync().ConfigureAwait(false);
        }
        catch (PostgresException refusal) when (_schema is null && (refusal.IsAboutValues() || refusal.IsAboutText()))
        {
            // The refused value comes from a parameter, from a token, or from the query itself. Some types refuse a
            // value of a token as if it were bad syntax.
            if (refusal.IsAboutValues() && run.WhyRefused is { } why
                && await why(cancellation).ConfigureAwait(false) is { } problem)
                throw new ProblemException(problem, refusal);
            if (_from is not null && _layout is { } layout
                && await PositionCheck.ProblemAsync(database, layout.Key, run.Query.RunsAs, _from, cancellation)
                    .ConfigureAwait(false) is { } refused)
                throw new ProblemException(refused, refusal);
            throw;
        }

        _turn.Begin(start);
        _schema ??= _cursor.Rows.Schema with
        {
            EstimatedRows = _cursor.EstimatedRows,
            HasCheckpoints = run.HasCheckpoints,
        };
        if (_continues is { } reason)
            Span?.Continued(reason, _rows, reason == "failure" ? TypeOf(_retries.LastFailure!) : null);
        _continues = null;
    }

    private static string TypeOf(Exception failure)
        => failure is PostgresException postgres ? postgres.SqlState : failure.GetType().Name;

    private async Task<Cursor> OpenCursorAsync()
    {
        var (sql, identity) = (run.Query.Sql, run.Query.RunsAs);
        if (!database.RoleNames.AreKnownToDiffer(sql, identity))
        {
            if (await OpenCursorAsync(isAsCaller: false).ConfigureAwait(false) is { } cursor)
                return cursor;
            database.RoleNames.Differ(sql, identity!.Role!);
        }

        return (await OpenCursorAsync(isAsCaller: true).ConfigureAwait(false))!;
    }

    // Null if the query has to be described as the role that runs it.
    private async Task<Cursor?> OpenCursorAsync(bool isAsCaller)
    {
        var scope = new CursorScope(database, time, cancellation);
        CursorOpening? opening = null;
        try
        {
            RowWriter rows;
            try
            {
                opening = await CursorOpening.BeginAsync(scope, run, isAsCaller).ConfigureAwait(false);
                rows = Rows(opening.Layout);
            }
            catch (Exception failure) when (!isAsCaller && MayBeOfNames(failure))
            {
                return null;
            }

            var start = new CursorStart(_from, AtMost(), IsEstimated: _schema is null);
            return await opening.OpenAsync(rows, start).ConfigureAwait(false);
        }
        finally
        {
            if (opening is not null)
                await opening.DisposeAsync().ConfigureAwait(false);
        }
    }

    // The connection's user may not find what the role finds, or find something else.
    private bool MayBeOfNames(Exception failure)
        => run.Query.RunsAs?.Role is not null
            && (failure is ColumnsChangedException or UnusableKeyException
                || (failure is PostgresException refusal && refusal.IsAboutNames()));

    private RowWriter Rows(RowLayout layout)
    {
        if (_schema is not null && !_schema.Columns.SequenceEqual(layout.Schema.Columns))
            throw new ColumnsChangedException();
        _layout = layout;
        if (layout.Key.Count > 0)
            _key ??= new KeyTracker(layout.Key);
        return new RowWriter(layout, encoding, _key);
    }

    private ReadOnlySpan<byte> Token(ActivityContext? origin)
        => _key is { HasPosition: true } && run.Tokens is { } tokens
            ? tokens.Make(
                _rows, _key, run.Query.Key.Count, origin, run.Snapshots is { } snapshots ? snapshots.Text : [])
            : [];

    private KeysetPosition? Position()
        => _key is { HasPosition: true } ? new KeysetPosition(_rows, _key.Texts()) : run.After;

    // One row more than the bound shows that the bound is passed. Another one is for the row at the position. If that
    // row is gone, this is one too many, and is not read.
    private long? AtMost()
    {
        var last = run.Limit ?? run.Query.MaxRows + 1;
        return last is null ? null : Math.Max(0, last.Value - _rows) + (_from is null ? 0 : 1);
    }

    private async Task<bool> IsBackAsync(Task reader)
    {
        var limit = SessionSettings.StallLimit(run.Query, database.Options);
        var patience = run.Query.Key.Count > 0 && Grace < limit ? Grace : limit;
        await reader.CompletesWithinAsync(patience, time, cancellation).ConfigureAwait(false);
        cancellation.ThrowIfCancellationRequested();
        return reader.IsCompleted
            || (patience < limit
                && await _slot!.OfferAsync(reader, limit - patience, cancellation).ConfigureAwait(false));
    }

    /// <summary>
    /// Gives back cursor, snapshot and connection. The next wait opens another cursor, after the last row that was
    /// written.
    /// </summary>
    private async Task PauseAsync()
    {
        // A failure is kept, because it is still to be reported. A row that has come and was not written comes again.
        if (_advancing is not { IsFaulted: true } and not { IsCanceled: true })
            (_advancing, _ready) = (null, false);
        if (!_ended)
            await GiveUpForReadersAsync().ConfigureAwait(false);
    }

    private ValueTask GiveUpForReadersAsync()
    {
        _givenUpForReaders++;
        _continues = "reader";
        Span?.ConnectionReturned(_rows);
        return CloseAsync();
    }

    private async ValueTask CloseAsync()
    {
        var slot = _slot;
        _slot = null;
        await CloseCursorAsync().ConfigureAwait(false);
        slot?.Dispose();
    }

    private async ValueTask CloseCursorAsync()
    {
        var cursor = _cursor;
        _cursor = null;
        if (cursor is not null)
            await cursor.DisposeAsync().ConfigureAwait(false);
        if (cursor is { Rows.HadLargeRow: true })
            LargeBuffers.OfProcess.Used(time);
    }
}
