using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>
/// A key that signs tokens: made with the framework alone, so that tests can sign what no library would.
/// </summary>
internal sealed class TokenKey : IDisposable
{
    private readonly AsymmetricAlgorithm _key;

    private TokenKey(AsymmetricAlgorithm key, string id) => (_key, Id) = (key, id);

    /// <summary>Its name, the <c>kid</c> of tokens.</summary>
    public string Id { get; }

    public static TokenKey Rsa(string id) => new(RSA.Create(2048), id);

    public static TokenKey Ec(string id) => new(ECDsa.Create(ECCurve.NamedCurves.nistP256), id);

    /// <summary>How it is published.</summary>
    public JsonObject Jwk()
    {
        var jwk = new JsonObject { ["kid"] = Id, ["use"] = "sig" };
        if (_key is RSA rsa)
        {
            var numbers = rsa.ExportParameters(includePrivateParameters: false);
            (jwk["kty"], jwk["n"], jwk["e"]) = ("RSA", Text(numbers.Modulus!), Text(numbers.Exponent!));
        }
        else
        {
            var point = ((ECDsa)_key).ExportParameters(includePrivateParameters: false).Q;
            (jwk["kty"], jwk["crv"], jwk["x"], jwk["y"]) = ("EC", "P-256", Text(point.X!), Text(point.Y!));
        }

        return jwk;
    }

    /// <summary>The public key as a text, which an attacker knows.</summary>
    public string Pem() => _key.ExportSubjectPublicKeyInfoPem();

    /// <summary>A token in its compact form.</summary>
    public string Token(string header, string payload, string algorithm)
    {
        var signed = $"{Text(Encoding.UTF8.GetBytes(header))}.{Text(Encoding.UTF8.GetBytes(payload))}";
        return $"{signed}.{Text(Sign(Encoding.ASCII.GetBytes(signed), algorithm))}";
    }

    public void Dispose() => _key.Dispose();

    public static string Text(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);

    private byte[] Sign(byte[] data, string algorithm) => (algorithm, _key) switch
    {
        ("RS256", RSA rsa) => rsa.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
        ("RS512", RSA rsa) => rsa.SignData(data, HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1),
        ("PS256", RSA rsa) => rsa.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
        ("ES256", ECDsa ec) => ec.SignData(data, HashAlgorithmName.SHA256),
        ("HS256", _) => HMACSHA256.HashData(Encoding.UTF8.GetBytes(Pem()), data),
        ("none", _) => [],
        _ => throw new NotSupportedException(algorithm),
    };
}
