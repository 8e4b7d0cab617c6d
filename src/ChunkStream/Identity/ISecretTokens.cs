using System.Text.Json;
using System.Text.Json.Nodes;

namespace ChunkStream.Identity;

/// <summary>
/// Tokens that an app makes for itself: JWTs that are signed with a secret which nobody else has (HS256).
/// </summary>
internal interface ISecretTokens
{
    /// <summary>Makes a token in its compact form.</summary>
    /// <param name="kind">The kind of token.</param>
    /// <param name="claims">What it says, beside who made it and for whom; with its end (<c>exp</c>).</param>
    /// <param name="key">The secret.</param>
    string Create(SecretTokenKind kind, JsonObject claims, byte[] key);

    /// <summary>Reads a token, and checks all but what its claims mean.</summary>
    /// <param name="text">The token, as anybody may have made it up.</param>
    /// <param name="kind">The kind that it must be of.</param>
    /// <param name="keys">The secrets with one of which it must be signed.</param>
    /// <returns>Its claims, an object; null if it does not hold, maybe only because its end has come.</returns>
    ValueTask<(JsonElement? Claims, bool HasExpired)> ReadAsync(
        string text, SecretTokenKind kind, IReadOnlyList<byte[]> keys);
}

/// <summary>A kind of token. One of another kind never holds, even if the secret is the same.</summary>
/// <param name="Type">The header <c>typ</c>.</param>
/// <param name="Issuer">The claim <c>iss</c>.</param>
/// <param name="Audience">The claim <c>aud</c>.</param>
internal sealed record SecretTokenKind(string Type, string Issuer, string Audience);
