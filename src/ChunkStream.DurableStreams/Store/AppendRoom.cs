using ChunkStream.Problems;
using Microsoft.Extensions.Options;

namespace ChunkStream.DurableStreams.Store;

/// <summary>
/// The memory that a process has for what is to be stored: from the first byte of a body that is being received, until
/// the database has it. A request that finds no room is refused at once, before its body is read.
/// </summary>
/// <param name="options">Have the limit, <see cref="DurableStreamOptions.MaxWaitingBytes"/>.</param>
internal sealed class AppendRoom(IOptions<DurableStreamOptions> options)
{
    /// <summary>What a request itself costs, beside its body.</summary>
    public const int RequestCost = 4 * 1024;

    // The room has four shares. A stream may have one. One is closed to large bodies that are still being received:
    // their senders decide how long that takes, and small bodies must not wait for it.
    private const int Shares = 4;
    private const int LargeBody = 64 * 1024;

    private readonly long _maxBytes = options.Value.MaxWaitingBytes;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _streams = [];
    private long _bytes;
    private long _receiving;

    /// <summary>How many bytes are held.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock)
                return _bytes;
        }
    }

    /// <summary>A place for something that is to be stored in a stream. It holds nothing yet.</summary>
    public Place Open(string path) => new(this, path);

    /// <summary>Room for one request's data. Not for several callers at once.</summary>
    internal sealed class Place(AppendRoom room, string path) : IDisposable
    {
        private long _held;
        private long _receives;

        /// <summary>Holds this many bytes from now on, unless it holds more already.</summary>
        /// <param name="bytes">The bytes of the data and of the request.</param>
        /// <param name="isReceiving">Whether they are still to come from the client.</param>
        /// <exception cref="ProblemException">There is no room for them: 503.</exception>
        public void Hold(long bytes, bool isReceiving)
        {
            lock (room._lock)
            {
                bytes = Math.Max(bytes, _held);
                var (all, stream) = (room._bytes - _held, room._streams.GetValueOrDefault(path) - _held);
                var receives = isReceiving && bytes > LargeBody ? bytes : 0;
                var receiving = room._receiving - _receives;

                // If nothing else is held, it is taken whatever its size.
                if (all > 0 && all + bytes > room._maxBytes)
                    throw Refuse("This instance has reached its limit for appends that arrive or wait.");
                if (stream > 0 && stream + bytes > room._maxBytes / Shares)
                    throw Refuse("This stream has reached its limit for appends that arrive or wait.");
                if (receives > 0 && receiving > 0 && receiving + receives > room._maxBytes / Shares * (Shares - 1))
                    throw Refuse("This instance has reached its limit for large appends that arrive.");
                Set(bytes, receives);
            }
        }

        /// <summary>Notes that all data have come.</summary>
        public void HasAll()
        {
            lock (room._lock)
                Set(_held, 0);
        }

        /// <summary>Hands over what it holds to a new place, which lives longer.</summary>
        public Place Move()
        {
            var moved = new Place(room, path);
            lock (room._lock)
                (moved._held, moved._receives, _held, _receives) = (_held, _receives, 0, 0);
            return moved;
        }

        /// <summary>Holds nothing any more.</summary>
        public void Dispose()
        {
            lock (room._lock)
                Set(0, 0);
        }

        private static ProblemException Refuse(string detail) => new(DurableProblems.TooManyAppends(detail));

        private void Set(long bytes, long receives)
        {
            var (more, moreReceived) = (bytes - _held, receives - _receives);
            (_held, _receives) = (bytes, receives);
            room._bytes += more;
            room._receiving += moreReceived;
            if (more == 0)
                return;
            var stream = room._streams.GetValueOrDefault(path) + more;
            if (stream == 0)
                room._streams.Remove(path);
            else
                room._streams[path] = stream;
        }
    }
}
