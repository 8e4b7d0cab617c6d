using ChunkStream.Postgres.Rows;
using Npgsql;

namespace ChunkStream.Postgres.Live;

/// <summary>
/// Notes the snapshots in which the rows of a live query are read at its start. The first of them is the position from
/// which changes are looked for afterwards. Where a cursor was let go and another one opened, rows are of several
/// snapshots; a step from the first position makes them one again.
/// </summary>
/// <param name="watches">The watches of the query.</param>
/// <param name="first">The first position, if a start is resumed that another request had begun; else null.</param>
internal sealed class LiveStart(int[] watches, LivePosition? first) : ISnapshotNote
{
    private byte[] _text = first?.Ascii ?? [];

    /// <summary>The first position; null before the first cursor.</summary>
    public LivePosition? First { get; private set; } = first;

    /// <summary>Whether rows are of more than the first snapshot.</summary>
    public bool IsMixed { get; private set; }

    /// <inheritdoc />
    public ReadOnlySpan<byte> Text => _text;

    /// <inheritdoc />
    /// <exception cref="LogNotReadyException">The log of changes has just begun.</exception>
    /// <exception cref="MustRefetchException">Changes since the first snapshot may not be in the log.</exception>
    public async Task TakeAsync(NpgsqlConnection connection)
    {
        var look = await LiveLook.BeginAsync(connection, watches).ConfigureAwait(false);
        if (First is not null)
        {
            look.PositionAfter(First);
            IsMixed = true;
            return;
        }

        First = look.Position();
        _text = First.Ascii;
    }
}
