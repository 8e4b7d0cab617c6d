using System.Globalization;
using Npgsql;

namespace ChunkStream.Postgres.Connections;

/// <summary>
/// The oldest version of Postgres that is supported. On older ones some things work, and nothing is tested.
/// </summary>
internal static class OldestVersion
{
    private const int Major = 15;

    /// <summary>What an operator is told if the server is older; null if it is not.</summary>
    public static string? Objection(NpgsqlConnection connection)
        => connection.PostgreSqlVersion is { Major: < Major } version
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"The database is PostgreSQL {version.Major}, and {Major} or later is needed.")
            : null;
}
