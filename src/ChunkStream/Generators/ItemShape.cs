using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ChunkStream.Formats;

namespace ChunkStream.Generators;

/// <summary>What the items of a generator look like.</summary>
/// <param name="Names">The members of an item's JSON; <c>value</c> if an item is a single value.</param>
/// <param name="IsObject">Whether an item is an object with members; else it is one value.</param>
internal sealed record ItemShape(IReadOnlyList<string> Names, bool IsObject)
{
    /// <summary>
    /// How items are written. Non-ASCII characters stay as they are: the body is JSON on the wire, never a script block
    /// in a page. The writer does not check validity, because the serializer writes only valid JSON.
    /// </summary>
    public static JsonWriterOptions JsonOptions { get; } = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    /// <summary>The schema that clients get.</summary>
    public StreamSchema Schema { get; } = new([.. Names.Select(name => new StreamColumn(name, "json"))]);

    /// <summary>Makes the shape of items of a type.</summary>
    public static ItemShape Create(JsonTypeInfo type)
    {
        var isObject = type.Kind is JsonTypeInfoKind.Object;
        string[] names = isObject
            ? [.. type.Properties.Where(member => member.Get is not null).Select(member => member.Name)]
            : ["value"];
        return new ItemShape(names, isObject);
    }
}
