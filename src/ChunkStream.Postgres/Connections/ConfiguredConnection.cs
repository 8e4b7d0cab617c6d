using Microsoft.Extensions.Configuration;

namespace ChunkStream.Postgres.Connections;

/// <summary>The connection string <c>ConnectionStrings:Postgres</c>.</summary>
internal sealed class ConfiguredConnection(IConfiguration configuration)
{
    /// <summary>It, as it stands there; null or empty where there is no database.</summary>
    public string? Text => configuration.GetConnectionString("Postgres");

    /// <summary>Its password. A configuration that is read anew when it changes may hold another one by now.</summary>
    public string? Password => Text is { Length: > 0 } text ? ConnectionString.Read(text).Password : null;
}
