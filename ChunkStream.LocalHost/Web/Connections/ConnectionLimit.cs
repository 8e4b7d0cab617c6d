using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace ChunkStream.LocalHost.Web.Connections;

/// <summary>
/// Never more connections than may be: further ones wait unaccepted, in the system's queue. A process that runs out of descriptors
/// can neither reach its database nor go on with what is open. While others wait, connections that are idle are closed.
/// </summary>
internal sealed partial class ConnectionLimit(int most, TimeProvider time, ILogger<ConnectionLimit> logger) : IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    // Who has just connected is about to ask for something.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan BetweenWarnings = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _places = new(most);
    private readonly Lock _lock = new();

    // In the order in which they came.
    private readonly LinkedList<(ConnectionContext Connection, long Since)> _keptOpen = new();
    private long? _warned;

    /// <summary>How many connections are open that were not asked to close.</summary>
    public int KeptOpen
    {
        get
        {
            lock (_lock)
                return _keptOpen.Count;
        }
    }

    /// <summary>Waits for a place.</summary>
    public async Task EnterAsync(CancellationToken cancellation)
    {
        while (!await _places.WaitAsync(Look, cancellation).ConfigureAwait(false))
        {
            Warn();
            CloseIdle();
        }
    }

    /// <summary>Gives back a place that no connection came to take.</summary>
    public void Leave() => _places.Release();

    /// <summary>A connection has the place until it is closed.</summary>
    public void Keep(ConnectionContext connection)
    {
        LinkedListNode<(ConnectionContext Connection, long Since)> kept;
        lock (_lock)
            kept = _keptOpen.AddLast((connection, time.GetTimestamp()));
        connection.ConnectionClosed.Register(() =>
        {
            lock (_lock)
            {
                if (kept.List is not null)
                    _keptOpen.Remove(kept);
            }

            Leave();
        });
    }

    /// <inheritdoc />
    public void Dispose() => _places.Dispose();

    // Kestrel closes at once what is idle, and the others after the response that is under way, which goes on to its end.
    private void CloseIdle()
    {
        while (TakeOldest() is { } connection)
            connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
    }

    private ConnectionContext? TakeOldest()
    {
        lock (_lock)
        {
            if (_keptOpen.First is not { } oldest || time.GetElapsedTime(oldest.Value.Since) < Grace)
                return null;
            _keptOpen.Remove(oldest);
            return oldest.Value.Connection;
        }
    }

    private void Warn()
    {
        if (_warned is { } at && time.GetElapsedTime(at) < BetweenWarnings)
            return;
        _warned = time.GetTimestamp();
        ConnectionsWait(most);
    }

    [LoggerMessage(EventId = 1, EventName = "ConnectionsWait", Level = LogLevel.Warning, Message =
        "{Most} connections are open, as many as may be (setting ChunkStream:LocalHost:MaxConnections, and the system's limit of open files): new ones wait, and idle ones are closed")]
    private partial void ConnectionsWait(int most);
}
