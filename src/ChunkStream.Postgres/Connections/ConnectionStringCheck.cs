using Microsoft.Extensions.Options;

namespace ChunkStream.Postgres.Connections;

/// <summary>Checks the connection string with the other settings, when the host starts.</summary>
internal sealed class ConnectionStringCheck(ConfiguredConnection connection) : IValidateOptions<PostgresOptions>
{
    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, PostgresOptions options)
    {
        try
        {
            return connection.Read() is null ? ValidateOptionsResult.Skip : ValidateOptionsResult.Success;
        }
        catch (ConnectionStringException mistake)
        {
            return ValidateOptionsResult.Fail($"ConnectionStrings:Postgres: {mistake.Message}");
        }
    }
}
