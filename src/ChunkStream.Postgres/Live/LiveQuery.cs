using System.Text.Json;
using System.Text.Json.Serialization;
using ChunkStream.Postgres.Live.Changes;
using ChunkStream.Postgres.Rows;

namespace ChunkStream.Postgres.Live;

/// <summary>A query with its parameters and its caller, as its readers follow it.</summary>
/// <param name="Query">The query. It has a key.</param>
/// <param name="Paths">How changes lead to its rows; at least one.</param>
internal sealed record LiveQuery(PostgresQuery Query, IReadOnlyList<LivePath> Paths)
{
    /// <summary>Whether it is run as a whole at each change, because rows depend on others.</summary>
    public bool IsRerun { get; init; }

    /// <summary>Whether int8 and numeric become strings in JSON.</summary>
    public bool ExactNumbers { get; init; }

    /// <summary>Whether its callers gave no key: they get a share of the connections.</summary>
    public bool IsAnonymous { get; init; }

    /// <summary>The numbers of the watches of its tables.</summary>
    public int[] Watches => [.. Paths.Select(path => path.Watch.Id).Distinct()];

    /// <summary>
    /// The same for all readers that get the same rows: the query, its values, and the caller with all claims.
    /// </summary>
    public string SharedBy => JsonSerializer.Serialize(
        [
            Query.Name,
            Query.Sql,
            string.Join(',', Query.Key),
            string.Join(',', Paths.Select(path => path.Name)),
            $"{IsRerun}",
            $"{ExactNumbers}",
            $"{Query.GivesTexts}",
            $"{IsAnonymous}",
            Query.RunsAs?.Role,
            Query.RunsAs?.Caller?.Issuer,
            Query.RunsAs?.Caller?.Subject,
            Query.RunsAs?.Caller?.Claims.GetRawText(),
            .. Query.Parameters,
        ],
        LiveJson.Default.StringArray);
}

/// <summary>How a change of a table leads to rows of a query.</summary>
/// <param name="Watch">The table with the columns whose values are logged.</param>
/// <param name="Sql">
/// Gives the keys for the values that were logged, an array of text as <c>$1</c>; null where they are keys themselves.
/// </param>
/// <param name="KeyColumns">How many columns the key has.</param>
/// <param name="Filters">Which changes concern the reader; empty for all.</param>
internal sealed record LivePath(Watch Watch, string? Sql, int KeyColumns, IReadOnlyList<LiveFilter> Filters)
{
    /// <inheritdoc cref="LiveTable.Trimmed" />
    public IReadOnlyList<int> Trimmed { get; init; } = [];

    /// <summary>How many columns of the log lead to the key; the others tell whom a change concerns.</summary>
    public int Values => Sql is null ? KeyColumns : 1;

    /// <summary>A text that tells it from others.</summary>
    public string Name
        => $"{Watch.Id}({string.Join(' ', Filters.Select(filter => $"{filter.Column}={filter.Parameter}"))}){Sql}";
}

/// <summary>The JSON that tells live queries apart, without reflection.</summary>
[JsonSerializable(typeof(string[]))]
internal sealed partial class LiveJson : JsonSerializerContext;
