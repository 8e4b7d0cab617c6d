using System.Text.Json;
using System.Text.Json.Nodes;
using ChunkStream.Identity;

namespace ChunkStream.DurableStreams.Access;

/// <summary>What whoever has a capability URL may do, and until when.</summary>
/// <param name="Scope">The stream's path; or a prefix, which ends with a slash, for all below it.</param>
/// <param name="Operations">What is allowed. Never <see cref="DurableOperations.Share"/>.</param>
/// <param name="Expires">Until when.</param>
/// <param name="MadeBy">Who made it: for people who look into a token.</param>
internal sealed record Capability(
    string Scope, DurableOperations Operations, DateTimeOffset Expires, string MadeBy)
{
    private const string Path = "path";
    private const string Prefix = "prefix";
    private const string Allowed = "ops";

    /// <summary>Whether it is for a stream.</summary>
    public bool Covers(string scope)
        => scope == Scope || (Scope.EndsWith('/') && scope.StartsWith(Scope, StringComparison.Ordinal));

    /// <summary>Its claims. The SQL function <c>chunkstream.capability</c> makes the same.</summary>
    public JsonObject ToClaims() => new()
    {
        [Scope.EndsWith('/') ? Prefix : Path] = Scope,
        [Allowed] = new JsonArray([.. DurableOperationNames.Of(Operations).Select(name => (JsonNode)name)]),
        ["exp"] = Expires.ToUnixTimeSeconds(),
        ["by"] = MadeBy,
    };

    /// <summary>Reads the claims of a token that was checked; null if they are no capability.</summary>
    public static Capability? Read(JsonElement claims)
    {
        var (path, prefix) = (Text(claims, Path), Text(claims, Prefix));
        var operations = DurableOperations.None;
        foreach (var name in Caller.Texts(claims, Allowed))
            operations |= DurableOperationNames.Parse(name);

        return (path ?? prefix) is { Length: > 0 } scope && path is null != prefix is null
            && scope.EndsWith('/') == prefix is not null
            && claims.TryGetProperty("exp", out var given) && NumericDate.Parse(given.GetRawText()) is { } end
            ? new Capability(scope, operations & ~DurableOperations.Share, end, Text(claims, "by") ?? "")
            : null;
    }

    private static string? Text(JsonElement claims, string name)
        => claims.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String
            ? value.GetString()
            : null;
}
