using System.Security.Cryptography;
using System.Text;

namespace ChunkStream.LocalHost.Web;

/// <summary>The one key that takes the place of the function app's keys.</summary>
internal sealed class FunctionKey
{
    private readonly byte[]? _hash;

    /// <param name="key">The key; null admits everybody. (A blank key never gets here: the start refuses it.)</param>
    public FunctionKey(string? key) => _hash = key is null ? null : Hash(key);

    /// <summary>Whether callers need a key.</summary>
    public bool IsNeeded => _hash is not null;

    /// <summary>Whether the request has the key, in the header <c>x-functions-key</c> or as <c>?code=</c>.</summary>
    public bool Admits(HttpRequest request) =>
        _hash is null
        || IsRight(request.Headers["x-functions-key"].ToString())
        || IsRight(request.Query["code"].ToString());

    // All hashes have the same length, so the time of the comparison does not give away the key's length.
    private bool IsRight(string given) => CryptographicOperations.FixedTimeEquals(Hash(given), _hash);

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
