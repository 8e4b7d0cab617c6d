using Microsoft.IdentityModel.Protocols;

namespace ChunkStream.Identity.Tokens;

/// <summary>Fetches what issuers publish: small documents, over HTTPS, within a time.</summary>
internal static class IssuerDocuments
{
    private static readonly HttpClient Client = new(new SocketsHttpHandler
    {
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        MaxAutomaticRedirections = 3,
    })
    {
        Timeout = TimeSpan.FromSeconds(10),
        MaxResponseContentBufferSize = 1024 * 1024,
    };

    /// <summary>A retriever for an address, and for those that its document names.</summary>
    /// <param name="address">The address, which the settings may have without HTTPS on loopback only.</param>
    public static HttpDocumentRetriever For(string address)
        => new(Client) { RequireHttps = !new Uri(address).IsLoopback };
}
