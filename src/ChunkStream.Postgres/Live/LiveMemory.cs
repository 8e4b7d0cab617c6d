using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;

namespace ChunkStream.Postgres.Live;

/// <summary>
/// The memory that this process has for live queries: for the results of queries that are run again, and for changes
/// that their readers have not taken yet.
/// </summary>
/// <remarks>
/// What only slow readers still hold is taken from them if others need the room: they read anew what they have missed.
/// A result may fill half of the memory when its first reader comes, and three quarters when it is run again. So those
/// who begin leave room to those who go on, and results, which stay, leave room to changes, which pass.
/// </remarks>
internal sealed class LiveMemory
{
    private readonly LiveLog _log;
    private readonly long _limit;
    private readonly LinkedList<LiveBatch> _offered = new();
    private long _offeredBytes;
    private long _held;

    /// <param name="options">Have the limit.</param>
    /// <param name="meters">Makes the meter that tells how much is held.</param>
    /// <param name="log">Tells the operator that there is no room.</param>
    public LiveMemory(IOptions<LiveOptions> options, IMeterFactory meters, LiveLog log)
        : this(options.Value.MemoryMegabytes * 1024L * 1024, log)
        => meters.Create(ChunkStreamTelemetry.MeterName).CreateObservableUpDownCounter(
            "chunkstream.live.held", () => Held, "By", "Bytes of rows and changes that live queries hold in memory.");

    /// <param name="limit">How many bytes may be held.</param>
    /// <param name="log">Tells the operator that there is no room.</param>
    public LiveMemory(long limit, LiveLog log) => (_limit, _log) = (limit, log);

    /// <summary>Guards what is held, and by whom.</summary>
    public Lock Lock { get; } = new();

    /// <summary>How many bytes are held.</summary>
    public long Held
    {
        get
        {
            lock (Lock)
                return _held;
        }
    }

    /// <summary>Room for changes. It holds nothing yet.</summary>
    public LiveRoom ForChanges() => new(this, _limit);

    /// <summary>Room for the result of a query that is run again. It holds nothing yet.</summary>
    /// <param name="isNewcomer">Whether a client waits for its first row.</param>
    public LiveRoom ForResult(bool isNewcomer) => new(this, isNewcomer ? _limit / 2 : _limit / 4 * 3);

    /// <summary>Takes bytes, or gives them back.</summary>
    /// <param name="bytes">How many; less than 0 to give back.</param>
    /// <param name="most">Up to which filling they may be taken.</param>
    /// <exception cref="LiveMemoryException">There is no room.</exception>
    public void Take(long bytes, long most)
    {
        lock (Lock)
        {
            if (bytes <= 0 || _held - _offeredBytes + bytes <= most)
            {
                while (bytes > 0 && _held + bytes > most)
                    Withdraw(_offered.First!).Drop();
                _held += bytes;
                return;
            }
        }

        _log.MemoryFull(_limit);
        throw new LiveMemoryException(_limit);
    }

    /// <summary>From now on a batch may be dropped, the oldest first. The caller has the lock.</summary>
    public LinkedListNode<LiveBatch> Offer(LiveBatch batch)
    {
        _offeredBytes += batch.Bytes;
        return _offered.AddLast(batch);
    }

    /// <summary>A batch that was offered is not there any more. The caller has the lock.</summary>
    public LiveBatch Withdraw(LinkedListNode<LiveBatch> offered)
    {
        _offered.Remove(offered);
        _offeredBytes -= offered.Value.Bytes;
        return offered.Value;
    }
}

/// <summary>
/// Room in the memory of live queries for something that is being read, and for as long as it is held. Not for several
/// callers at once.
/// </summary>
/// <param name="memory">Where the room is.</param>
/// <param name="most">Up to which filling of the memory it may grow.</param>
internal sealed class LiveRoom(LiveMemory memory, long most) : IDisposable
{
    private const long Unit = 64 * 1024;

    /// <summary>Where the room is.</summary>
    public LiveMemory Memory => memory;

    /// <summary>How many bytes it has.</summary>
    public long Bytes { get; private set; }

    /// <summary>Has this many bytes from now on, and some to spare.</summary>
    /// <exception cref="LiveMemoryException">There is no room.</exception>
    public void Grow(long bytes)
    {
        if (bytes > Bytes)
            Set(bytes + Unit);
    }

    /// <summary>Has exactly this many bytes from now on.</summary>
    /// <exception cref="LiveMemoryException">There is no room.</exception>
    public void Set(long bytes)
    {
        memory.Take(bytes - Bytes, most);
        Bytes = bytes;
    }

    /// <summary>Gives all of it back, once.</summary>
    public void Dispose() => Set(0);
}

/// <summary>Live queries hold as much in memory as they may.</summary>
/// <param name="limit">How many bytes that are.</param>
internal sealed class LiveMemoryException(long limit) : Exception(
    $"Live queries may hold {limit >> 20} MiB in memory (ChunkStream:Live:MemoryMegabytes), and need more.");
