using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace ChunkStream.LocalHost.Web.Connections;

/// <summary>
/// Limits how many connections are open. Further ones are not accepted, and wait in the system's queue; meanwhile idle
/// connections are closed to make room. Without the limit the process could run out of descriptors: then it can neither
/// reach its database nor go on with the connections that are open.
/// </summary>
internal sealed partial class ConnectionLimit(int most, TimeProvider time, ILogger<ConnectionLimit> logger)
    : IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    // A client that has just connected is about to send a request, so its connection is not closed as idle.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan BetweenWarnings = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _places = new(most);
    private readonly Lock _lock = new();

    // The open connections that were not asked to close, the oldest first.
    private readonly LinkedList<(ConnectionContext Connection, long Since)> _keptOpen = new();
    private long? _warned;

    /// <summary>How many open connections were not asked to close.</summary>
    public int KeptOpen
    {
        get
        {
            lock (_lock)
                return _keptOpen.Count;
        }
    }

    /// <summary>Waits until another connection may be opened, and reserves its place.</summary>
    public async Task EnterAsync(CancellationToken cancellation)
    {
        while (!await _places.WaitAsync(Look, cancellation).ConfigureAwait(false))
        {
            Warn();
            CloseIdle();
        }
    }

    /// <summary>Gives back a place that is not used.</summary>
    public void Leave() => _places.Release();

    /// <summary>Gives the reserved place to a connection, which keeps it until it is closed.</summary>
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

    // Kestrel closes an idle connection at once, and a busy one after the response that it is sending.
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
        "{Most} connections are open, as many as may be (setting ChunkStream:LocalHost:MaxConnections, "
        + "and the system's limit of open files): new ones wait, and idle ones are closed")]
    private partial void ConnectionsWait(int most);
}
