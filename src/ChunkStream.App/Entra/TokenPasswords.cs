using Azure.Core;
using Azure.Identity;
using ChunkStream.Postgres.Connections;

namespace ChunkStream.App.Entra;

/// <summary>
/// Logs in to Postgres with tokens of Entra. The credential keeps a token until shortly before it expires, so most
/// connections wait for nothing.
/// </summary>
internal sealed class TokenPasswords(TokenCredential credential) : IPasswordSource
{
    // What the token is for: Azure's database servers, whichever of them it is shown to.
    private static readonly TokenRequestContext Request = new(["https://ossrdbms-aad.database.windows.net/.default"]);

    /// <summary>Tokens of an identity.</summary>
    /// <param name="identity">As <see cref="AzureOptions.DatabaseIdentity"/> has it.</param>
    public static TokenPasswords Create(string identity) => new(identity switch
    {
        AzureOptions.System => new ManagedIdentityCredential(ManagedIdentityId.SystemAssigned),
        AzureOptions.Default => new DefaultAzureCredential(),
        _ => new ManagedIdentityCredential(ManagedIdentityId.FromUserAssignedClientId(identity)),
    });

    /// <inheritdoc />
    public string Password() => credential.GetToken(Request, CancellationToken.None).Token;

    /// <inheritdoc />
    public async ValueTask<string> PasswordAsync(CancellationToken cancellation)
        => (await credential.GetTokenAsync(Request, cancellation).ConfigureAwait(false)).Token;
}
