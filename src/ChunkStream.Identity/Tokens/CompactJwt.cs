using Microsoft.IdentityModel.JsonWebTokens;

namespace ChunkStream.Identity.Tokens;

/// <summary>Parses JWTs in their compact form.</summary>
internal static class CompactJwt
{
    /// <summary>Parses a text; null if it is no JWT.</summary>
    /// <param name="text">The text, which is anybody's: whatever the parser throws at it, it is no token.</param>
    public static JsonWebToken? Parse(string text)
    {
        try
        {
            var token = new JsonWebToken(text);

            // What is read of it later is parsed now.
            _ = (token.Alg, token.Issuer, token.Kid, token.Cty, token.Typ, token.ValidTo);
            return token;
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            return null;
        }
    }
}
