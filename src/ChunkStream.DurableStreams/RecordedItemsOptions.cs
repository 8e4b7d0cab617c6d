using System.Text.Json.Serialization.Metadata;

namespace ChunkStream;

/// <summary>Options of a recorded stream of items.</summary>
/// <remarks>
/// <see cref="StreamResultOptions.Name"/> is also the recordings' collection: they are the durable streams
/// <c>recordings/{collection}/{name}</c>. It must be one segment of a path. Where it is not given, the collection is
/// the function's or the endpoint's name, or the pattern of its route, with dots for slashes.
/// </remarks>
/// <typeparam name="T">The items' type.</typeparam>
public sealed class RecordedItemsOptions<T> : StreamResultOptions
{
    /// <summary>
    /// What is generated, such as the values of its parameters in any spelling. A request of the same name with another
    /// subject is refused with 409. Default: empty, where the name says it all.
    /// </summary>
    public string Subject { get; set; } = "";

    /// <summary>
    /// How an item becomes JSON. Default: by the app's own options, those of <c>ConfigureHttpJsonOptions</c>. Texts
    /// need none: they are recorded as lines, and a text with line breaks is several items.
    /// </summary>
    public JsonTypeInfo<T>? JsonTypeInfo { get; set; }
}
