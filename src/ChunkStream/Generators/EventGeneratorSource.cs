using System.Net.ServerSentEvents;
using System.Text.Json.Serialization.Metadata;
using ChunkStream.Formats;
using ChunkStream.Streaming;

namespace ChunkStream.Generators;

/// <summary>
/// The source of a sequence of server-sent events. Their data are its records; the format <c>sse</c> also gets their
/// names, ids and retry times.
/// </summary>
/// <inheritdoc cref="GeneratorSource{T}" path="/param" />
internal sealed class EventGeneratorSource<T> : GeneratorSource<T>, IEventSource
{
    // The stream's own events have these names. A client could not tell an item's event from them.
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

    private EventGeneratorSource(
        EventItems<T> items, JsonTypeInfo<T> typeInfo, RecordEncoding encoding, CancellationToken cancellation)
        : base(items.Start, typeInfo, encoding, cancellation) => _items = items;

    /// <inheritdoc />
    /// <exception cref="InvalidOperationException">
    /// The event has a name or an id that the stream itself uses.
    /// </exception>
    public EventFields Fields
    {
        get
        {
            var item = _items.Event;
            var type = item.EventType is SseParser.EventTypeDefault ? null : item.EventType;
            if (Reserved.Contains(type) || item.EventId is SseFormat.EndId)
            {
                throw new InvalidOperationException(
                    $"An event must not be named {string.Join(", ", Reserved)}, nor have the id '{SseFormat.EndId}': "
                    + "the stream uses these for its own events.");
            }

            return new EventFields(type, item.EventId, item.ReconnectionInterval);
        }
    }
}
