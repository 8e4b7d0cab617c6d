using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ChunkStream.Formats;

namespace ChunkStream.Generators;

/// <summary>What the items of a generator have.</summary>
/// <param name="Names">The members that their JSON has; <c>value</c> where an item is one value.</param>
/// <param name="IsObject">Whether an item is an object with members, or one value.</param>
internal sealed record ItemShape(IReadOnlyList<string> Names, bool IsObject)
{
    /// <summary>
    /// Relaxed: the body is JSON on the wire, never a script block inside a page, so non-ASCII may stay as it is. The serializer
    /// writes only what is valid, so that checking it again is wasted time.
    /// </summary>
    public static JsonWriterOptions JsonOptions { get; } = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    /// <summary>As a stream says it.</summary>
    public StreamSchema Schema { get; } = new([.. Names.Select(name => new StreamColumn(name, "json"))]);

    /// <summary>The shape of a type's items.</summary>
    public static ItemShape Create(JsonTypeInfo type)
    {
        var isObject = type.Kind is JsonTypeInfoKind.Object;
        return new ItemShape(isObject ? [.. type.Properties.Where(member => member.Get is not null).Select(member => member.Name)] : ["value"], isObject);
    }
}
