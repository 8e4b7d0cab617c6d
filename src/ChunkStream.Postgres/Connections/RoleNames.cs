using System.Collections.Concurrent;

namespace ChunkStream.Postgres.Connections;

/// <summary>
/// Remembers in which queries a name may mean something else to the role that runs them than to the connection's user:
/// where the search path has "$user", or where one of them may not use a schema. Such a query is described as the role,
/// which takes a round trip more.
/// </summary>
internal sealed class RoleNames
{
    // Queries and roles are few and declared. Should an app make them up, it starts to learn them again.
    private const int Most = 1000;

    private readonly ConcurrentDictionary<(string Sql, string Role), bool> _differ = new();

    /// <summary>Whether names are known to differ.</summary>
    /// <param name="sql">The query's statement.</param>
    /// <param name="identity">As whom it runs; null for the connection's user.</param>
    public bool AreKnownToDiffer(string sql, SessionIdentity? identity)
        => identity is { Role: { } role } && _differ.ContainsKey((sql, role));

    /// <summary>Remembers that they differ.</summary>
    /// <param name="sql">The query's statement.</param>
    /// <param name="role">The role as which it runs.</param>
    public void Differ(string sql, string role)
    {
        if (_differ.Count >= Most)
            _differ.Clear();
        _differ[(sql, role)] = true;
    }
}
