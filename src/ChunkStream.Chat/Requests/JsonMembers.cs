using System.Text.Json;
using Microsoft.Extensions.AI;

namespace ChunkStream.Chat.Requests;

/// <summary>Reads members of messages.</summary>
internal static class JsonMembers
{
    /// <summary>A member that is a text; null if it is not there, or is something else.</summary>
    public static string? Text(this JsonElement element, string name)
        => element.ValueKind is JsonValueKind.Object && element.TryGetProperty(name, out var value)
            && value.ValueKind is JsonValueKind.String
            ? value.GetString()
            : null;

    /// <summary>The items of a member that is an array; none if it is not there, or is something else.</summary>
    public static IEnumerable<JsonElement> Items(this JsonElement element, string name)
        => element.ValueKind is JsonValueKind.Object && element.TryGetProperty(name, out var value)
            && value.ValueKind is JsonValueKind.Array
            ? value.EnumerateArray()
            : [];

    /// <summary>The arguments of a call of a tool; none if they are no object.</summary>
    public static Dictionary<string, object?> Arguments(this JsonElement input)
        => input.ValueKind is JsonValueKind.Object
            ? input.EnumerateObject().ToDictionary(
                argument => argument.Name, argument => (object?)argument.Value, StringComparer.Ordinal)
            : [];

    /// <summary>A file by its address, which may hold the file itself.</summary>
    public static AIContent File(string url, string? mediaType)
        => url.StartsWith("data:", StringComparison.OrdinalIgnoreCase)
            ? new DataContent(url, mediaType)
            : new UriContent(url, mediaType ?? "application/octet-stream");
}
