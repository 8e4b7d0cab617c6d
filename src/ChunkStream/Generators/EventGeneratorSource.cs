using System.Net.ServerSentEvents;
using System.Text.Json.Serialization.Metadata;
using ChunkStream.Formats;
using ChunkStream.Streaming;

namespace ChunkStream.Generators;

/// <summary>
/// The items of an <see cref="IAsyncEnumerable{T}"/> of server-sent events: their data in every format, and in
/// <c>sse</c> their names, ids and waits too.
/// </summary>
/// <inheritdoc cref="GeneratorSource{T}" path="/param" />
internal sealed class EventGeneratorSource<T> : GeneratorSource<T>, IEventSource
{
    // These say how the stream itself fares. A client could not tell an item of the same name from them.
    private static readonly string[] Reserved = ["schema", "error", "cut", "end"];

    private readonly EventItems<T> _items;

    public EventGeneratorSource(
        Func<CancellationToken, IAsyncEnumerable<SseItem<T>>> generate,
        JsonTypeInfo<T> typeInfo,
        RecordEncoding encoding,
        CancellationToken cancellation)
        : this(new EventItems<T>(generate), typeInfo, encoding, cancellation)
    {
    }

    private EventGeneratorSource(EventItems<T> items, JsonTypeInfo<T> typeInfo, RecordEncoding encoding, CancellationToken cancellation)
        : base(items.Start, typeInfo, encoding, cancellation) => _items = items;

    /// <inheritdoc />
    /// <exception cref="InvalidOperationException">The event has a name or an id that a stream uses for its own events.</exception>
    public EventFields Fields
    {
        get
        {
            var item = _items.Event;
            var type = item.EventType is SseParser.EventTypeDefault ? null : item.EventType;
            if (Reserved.Contains(type) || item.EventId is SseFormat.EndId)
            {
                throw new InvalidOperationException(
                    $"An event can't be named {string.Join(", ", Reserved)}, nor have the id '{SseFormat.EndId}': by these a stream says how it fares.");
            }

            return new EventFields(type, item.EventId, item.ReconnectionInterval);
        }
    }
}
