using System.Net.ServerSentEvents;

namespace ChunkStream.Generators;

/// <summary>Enumerates the data of a sequence of events, and remembers the current event.</summary>
/// <param name="generate">Starts the sequence.</param>
internal sealed class EventItems<T>(Func<CancellationToken, IAsyncEnumerable<SseItem<T>>> generate)
    : IAsyncEnumerable<T>, IAsyncEnumerator<T>
{
    private IAsyncEnumerable<SseItem<T>>? _sequence;
    private IAsyncEnumerator<SseItem<T>>? _events;

    /// <summary>The event whose data is the current item.</summary>
    public SseItem<T> Event => _events!.Current;

    /// <inheritdoc />
    public T Current => _events!.Current.Data;

    /// <summary>Starts the sequence, and gives the data of its events.</summary>
    public IAsyncEnumerable<T> Start(CancellationToken cancellation)
    {
        _sequence = generate(cancellation);
        return this;
    }

    /// <inheritdoc />
    public IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        _events = _sequence!.GetAsyncEnumerator(cancellationToken);
        return this;
    }

    /// <inheritdoc />
    public ValueTask<bool> MoveNextAsync() => _events!.MoveNextAsync();

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _events!.DisposeAsync();
}
