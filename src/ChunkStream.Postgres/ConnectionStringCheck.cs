using ChunkStream.Postgres.Connections;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace ChunkStream.Postgres;

/// <summary>Checks the connection string with the other settings, when the host starts.</summary>
internal sealed class ConnectionStringCheck(IConfiguration configuration) : IValidateOptions<PostgresOptions>
{
    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, PostgresOptions options)
    {
        var text = configuration.GetConnectionString("Postgres");
        if (string.IsNullOrWhiteSpace(text))
            return ValidateOptionsResult.Skip;
        try
        {
            ConnectionString.Read(text);
            return ValidateOptionsResult.Success;
        }
        catch (ConnectionStringException mistake)
        {
            return ValidateOptionsResult.Fail($"ConnectionStrings:Postgres: {mistake.Message}");
        }
    }
}
