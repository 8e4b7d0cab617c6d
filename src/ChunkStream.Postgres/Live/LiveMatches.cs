using System.Globalization;
using ChunkStream.Postgres.Cursors;
using ChunkStream.Postgres.Failures;
using ChunkStream.Postgres.Live.Changes;
using ChunkStream.Postgres.Rows;
using Npgsql;

namespace ChunkStream.Postgres.Live;

/// <summary>
/// Finds which groups the changes of a look concern. Where a query's changes are told apart by parameters, one
/// statement compares what was logged with the values of all groups; so a change costs no step for the others.
/// </summary>
internal static class LiveMatches
{
    /// <summary>Finds them.</summary>
    /// <param name="connection">A connection in the transaction of the look.</param>
    /// <param name="groups">The groups.</param>
    /// <param name="look">The look.</param>
    /// <param name="since">The snapshot of the look before; null where all is taken for changed.</param>
    public static async Task<IReadOnlySet<LiveGroup>> FindAsync(
        NpgsqlConnection connection, IReadOnlyList<LiveGroup> groups, LiveLook look, LiveSnapshot? since)
    {
        var changed = look.Watches.Where(watch => watch.HasChanges || watch.Problem is not null)
            .ToDictionary(watch => watch.Id, watch => watch.Problem is null && since is not null);
        var concerned = new HashSet<LiveGroup>();
        if (changed.Count == 0)
            return concerned;

        var filtered = new Dictionary<string, Filtered>(StringComparer.Ordinal);
        foreach (var group in groups)
        {
            foreach (var path in group.Query.Paths)
            {
                if (!changed.TryGetValue(path.Watch.Id, out var isLogged))
                    continue;
                // The values of a group that has not begun are not known to be good ones.
                if (!isLogged || !group.HasBegun || ValuesOf(group.Query, path) is not { } values)
                {
                    concerned.Add(group);
                    break;
                }

                var statement = Statement(path);
                if (!filtered.TryGetValue(statement, out var others))
                    filtered.Add(statement, others = new Filtered(path.Filters.Count));
                others.Add(group, values);
            }
        }

        try
        {
            foreach (var (statement, compared) in filtered)
                concerned.UnionWith(await compared.FindAsync(connection, statement, since!).ConfigureAwait(false));
        }
        catch (PostgresException failure) when (failure.IsAboutStatement())
        {
            // A value is none of its type any more. All take a step, which ends the group whose value it is.
            concerned.UnionWith(filtered.Values.SelectMany(compared => compared.Groups));
        }

        return concerned;
    }

    // A parameter that is null tells no changes apart.
    private static string[]? ValuesOf(LiveQuery query, LivePath path)
    {
        if (path.Filters.Count == 0)
            return null;
        var values = new string[path.Filters.Count];
        for (var index = 0; index < values.Length; index++)
        {
            if (query.Query.Parameters[path.Filters[index].Parameter] is not { } value)
                return null;
            values[index] = value;
        }

        return values;
    }

    private static string Statement(LivePath path)
    {
        var numbers = Enumerable.Range(0, path.Filters.Count).ToArray();
        var texts = string.Join(", ", numbers.Select(number
            => string.Create(CultureInfo.InvariantCulture, $"CAST(${number + 2} AS pg_catalog.text[])")));
        var names = string.Join(", ", numbers.Select(number => $"t{number}"));
        var values = string.Join(", ", path.Filters.Select((filter, number)
            => $"{filter.Value($"u.t{number}")} AS p{number}"));
        var areEqual = path.Filters.Select((filter, number) => filter.IsEqual($"g.p{number}"));
        return $"SELECT g.n FROM (SELECT u.n, {values} FROM ROWS FROM (unnest({texts})) WITH ORDINALITY"
            + $" AS u({names}, n)) AS g WHERE EXISTS (SELECT FROM {ChangeLogSql.Since(path.Watch, areEqual)})";
    }

    // The groups whose values one statement compares.
    private sealed class Filtered(int columns)
    {
        private readonly List<LiveGroup> _groups = [];
        private readonly List<string[]> _values = [];

        public IEnumerable<LiveGroup> Groups => _groups;

        public void Add(LiveGroup group, string[] values)
        {
            _groups.Add(group);
            _values.Add(values);
        }

        public async Task<IEnumerable<LiveGroup>> FindAsync(
            NpgsqlConnection connection, string statement, LiveSnapshot since)
        {
            // The values mean what they mean to the query, whatever the defaults of server and role are.
            var compare = new NpgsqlBatchCommand(statement) { Parameters = { new() { Value = since.Text } } };
            for (var column = 0; column < columns; column++)
            {
                compare.Parameters.Add(
                    SelectStatement.Parameter(SqlArray.Create(_values.Select(values => values[column]))));
            }

            var batch = new NpgsqlBatch(connection) { BatchCommands = { SessionSettings.ForTexts(), compare } };
            await using var _ = batch.ConfigureAwait(false);
            var found = new List<LiveGroup>();
            var reader = await batch.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
            await using var __ = reader.ConfigureAwait(false);
            await reader.NextResultAsync(CancellationToken.None).ConfigureAwait(false);
            while (await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false))
                found.Add(_groups[(int)reader.GetInt64(0) - 1]);
            return found;
        }
    }
}
