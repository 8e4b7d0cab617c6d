using System.Globalization;
using Npgsql;

namespace ChunkStream.Postgres.Connections;

/// <summary>
/// The oldest Postgres that the project supports. On older ones some of it works, and nothing of it is tested.
/// </summary>
internal static class OldestVersion
{
    private const int Major = 15;

    /// <summary>What an operator is told about a server that is older; null about any other.</summary>
    public static string? Objection(NpgsqlConnection connection)
        => connection.PostgreSqlVersion is { Major: < Major } version
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"The database is PostgreSQL {version.Major}, and {Major} or later is needed.")
            : null;
}
