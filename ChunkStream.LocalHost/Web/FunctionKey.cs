using System.Security.Cryptography;
using System.Text;

namespace ChunkStream.LocalHost.Web;

/// <summary>The key that stands in for the function app's keys.</summary>
internal sealed class FunctionKey
{
    private readonly byte[]? _hash;

    /// <param name="key">The key; null for none, which admits everybody. A blank one is refused at start.</param>
    public FunctionKey(string? key) => _hash = key is null ? null : Hash(key);

    /// <summary>Whether callers need a key.</summary>
    public bool IsNeeded => _hash is not null;

    /// <summary>Whether the request has the key, in the header <c>x-functions-key</c> or as <c>?code=</c>.</summary>
    public bool Admits(HttpRequest request) =>
        _hash is null
        || IsRight(request.Headers["x-functions-key"].ToString())
        || IsRight(request.Query["code"].ToString());

    // Hashes are of one length, so the time that the comparison takes says nothing of the key's.
    private bool IsRight(string given) => CryptographicOperations.FixedTimeEquals(Hash(given), _hash);

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
