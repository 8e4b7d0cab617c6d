using ChunkStream.Postgres.Connections;

namespace ChunkStream.Postgres.Cursors;

/// <summary>
/// While others wait for a connection, a stream that can go on later has one for a turn at a time. A turn is longer if
/// it takes long to open the cursor.
/// </summary>
internal sealed class CursorTurn(TimeProvider time)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);
    private const int TurnPerOpening = 4;

    // Streams that wait for their next turn have given rows already, and each change of turns costs a new cursor.
    private static readonly TimeSpan MoreForReturning = TimeSpan.FromSeconds(2);

    private long _began;
    private TimeSpan _length;

    /// <summary>Begins a turn with a cursor that has just been opened.</summary>
    /// <param name="openingBegan">When its opening began: a timestamp.</param>
    public void Begin(long openingBegan)
    {
        _began = time.GetTimestamp();
        _length = Shortest + (TurnPerOpening * time.GetElapsedTime(openingBegan, _began));
    }

    /// <summary>Whether somebody waits for the place, and has waited long enough.</summary>
    public bool IsOver(Slot slot)
        => slot.Wanted is not SlotWanted.ByNobody and var wanted
            && time.GetElapsedTime(_began)
                > _length + (wanted is SlotWanted.ByReturning ? MoreForReturning : TimeSpan.Zero);
}
