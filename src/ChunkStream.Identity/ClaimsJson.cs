using System.Text.Json;
using System.Text.Unicode;

namespace ChunkStream.Identity;

/// <summary>
/// Reads claims, and refuses those that readers could understand differently: with a name twice, or with texts that
/// Postgres can't hold (half a surrogate pair, or a null character).
/// </summary>
internal static class ClaimsJson
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Reads a JSON object; null if it isn't one, or must be refused.</summary>
    /// <param name="json">The object in UTF-8.</param>
    public static JsonElement? Read(ReadOnlySpan<byte> json)
    {
        try
        {
            if (!Utf8.IsValid(json))
                return null;
            var claims = JsonElement.Parse(json, Strict);

            // Only an escape can stand for what UTF-8 has no bytes for.
            return claims.ValueKind is JsonValueKind.Object && (json.IndexOf("\\u"u8) < 0 || IsText(claims))
                ? claims
                : null;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            // The framework throws the second where a text is read that has half a surrogate pair.
            return null;
        }
    }

    private static bool IsText(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => value.EnumerateObject().All(claim => IsText(claim.Name) && IsText(claim.Value)),
        JsonValueKind.Array => value.EnumerateArray().All(IsText),
        JsonValueKind.String => IsText(value.GetString()!),
        _ => true,
    };

    private static bool IsText(string text) => !text.Contains('\0', StringComparison.Ordinal);
}
