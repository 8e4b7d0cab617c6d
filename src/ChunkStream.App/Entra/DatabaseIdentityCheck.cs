using ChunkStream.Postgres.Connections;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Npgsql;

namespace ChunkStream.App.Entra;

/// <summary>Checks the identity with the connection string, when the host starts.</summary>
internal sealed class DatabaseIdentityCheck(IConfiguration configuration) : IValidateOptions<AzureOptions>
{
    private const string Setting = $"{AzureOptions.Section}:{nameof(AzureOptions.DatabaseIdentity)}";

    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, AzureOptions options)
        => options.DatabaseIdentity is { } identity && Mistake(identity) is { } mistake
            ? ValidateOptionsResult.Fail(mistake)
            : ValidateOptionsResult.Success;

    private string? Mistake(string identity)
    {
        if (identity is not (AzureOptions.System or AzureOptions.Default) && !Guid.TryParseExact(identity, "D", out _))
        {
            return $"{Setting} must be the client id of a managed identity (a GUID), '{AzureOptions.System}' for the "
                + $"app's own, or '{AzureOptions.Default}' for whoever is logged in.";
        }

        return Settings() switch
        {
            null => null,
            { Password: not null } or { Passfile: not null } =>
                $"ConnectionStrings:Postgres has a password, and {Setting} an identity to use instead: take one away.",
            { Username: null } =>
                $"ConnectionStrings:Postgres lacks 'Username': with {Setting} it is the name of the identity's role.",
            { SslMode: < SslMode.Require } settings when !IsHere(settings) =>
                $"With {Setting} the connection must be encrypted, since a token is sent on it: 'SSL Mode' must be "
                + "Require, VerifyCA or VerifyFull.",
            _ => null,
        };
    }

    private NpgsqlConnectionStringBuilder? Settings()
    {
        try
        {
            return configuration.GetConnectionString("Postgres") is { Length: > 0 } text
                ? ConnectionString.Read(text)
                : null;
        }
        catch (ConnectionStringException)
        {
            // The check of the connection string itself says so.
            return null;
        }
    }

    // Nothing leaves this machine unencrypted.
    private static bool IsHere(NpgsqlConnectionStringBuilder settings)
        => settings.Host!.Split(',').All(host => host is ['/', ..] || host.Split(':')[0] is "localhost" or "127.0.0.1");
}
