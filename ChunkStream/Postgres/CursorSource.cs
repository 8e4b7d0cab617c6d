using ChunkStream.Formats;
using ChunkStream.Problems;
using ChunkStream.Streaming;

namespace ChunkStream.Postgres;

/// <summary>The rows of a query, through a cursor.</summary>
/// <param name="database">Where the query runs.</param>
/// <param name="query">A SELECT, VALUES or TABLE statement without a semicolon at its end. From the operator, never from a client.</param>
/// <param name="encoding">How a row is written.</param>
/// <param name="time">Measures how fast rows come.</param>
/// <param name="cancellation">Cancelled when nobody wants the rows any more: it reaches the backend.</param>
internal sealed class CursorSource(
    PostgresDatabase database, string query, RecordEncoding encoding, TimeProvider time, CancellationToken cancellation) : StreamSource
{
    private Cursor? _cursor;
    private Task<bool>? _advancing;
    private bool _ready;
    private bool _ended;

    /// <inheritdoc />
    public override StreamSchema Schema => _cursor!.Schema;

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

        return !_ended && _advancing is null && _cursor is not null && _cursor.TryRead();
    }

    /// <inheritdoc />
    public override void WriteRecord(ByteWriter output) => _cursor!.Rows.Write(_cursor.Current, output);

    /// <inheritdoc />
    public override Problem Describe(Exception failure) => PostgresFailures.Describe(failure);

    /// <inheritdoc />
    public override async ValueTask DisposeAsync()
    {
        if (_advancing is Task advancing)
            await advancing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_cursor is not null)
            await _cursor.DisposeAsync().ConfigureAwait(false);
    }

    private async Task<bool> AdvanceAsync()
    {
        _cursor ??= await Cursor.OpenAsync(database, query, encoding, time, cancellation).ConfigureAwait(false);
        _ready = await _cursor.ReadAsync().ConfigureAwait(false);
        _ended = !_ready;
        return _ready;
    }
}
