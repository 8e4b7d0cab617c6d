using System.Net;
using Microsoft.AspNetCore.Connections;

namespace ChunkStream.LocalHost.Web.Connections;

/// <summary>
/// Wraps Kestrel's listeners, so that they accept a connection only when the limit has a place for it.
/// </summary>
internal sealed class LimitedListenerFactory(IConnectionListenerFactory inner, ConnectionLimit limit)
    : IConnectionListenerFactory
{
    /// <inheritdoc />
    public async ValueTask<IConnectionListener> BindAsync(
        EndPoint endpoint, CancellationToken cancellationToken = default)
        => new LimitedListener(await inner.BindAsync(endpoint, cancellationToken).ConfigureAwait(false), limit);
}

/// <summary>A listener of Kestrel's that accepts a connection only when the limit has a place for it.</summary>
internal sealed class LimitedListener(IConnectionListener inner, ConnectionLimit limit) : IConnectionListener
{
    private readonly CancellationTokenSource _unbound = new();

    /// <inheritdoc />
    public EndPoint EndPoint => inner.EndPoint;

    /// <inheritdoc />
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await limit.EnterAsync(_unbound.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_unbound.IsCancellationRequested)
        {
            // The server is stopping, and null says that there are no more connections.
            return null;
        }

        var connection = (ConnectionContext?)null;
        try
        {
            connection = await inner.AcceptAsync(cancellationToken).ConfigureAwait(false);
            if (connection is not null)
                limit.Keep(connection);
            return connection;
        }
        finally
        {
            if (connection is null)
                limit.Leave();
        }
    }

    /// <inheritdoc />
    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        await _unbound.CancelAsync().ConfigureAwait(false);
        await inner.UnbindAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync().ConfigureAwait(false);
        _unbound.Dispose();
    }
}
