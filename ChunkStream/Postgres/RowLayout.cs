using System.Data;
using ChunkStream.Formats;
using ChunkStream.Postgres.Columns;
using Npgsql;
using NpgsqlTypes;

namespace ChunkStream.Postgres;

/// <summary>
/// The columns of a query as they will be streamed: what the client is told of them, a writer each, and what a SELECT has
/// to give so that those writers can read it.
/// </summary>
/// <param name="Schema">Names and types.</param>
/// <param name="Columns">For each column its writer, and its SQL inside a SELECT over the query.</param>
/// <param name="Key">The key's columns; empty without a key.</param>
internal sealed record RowLayout(StreamSchema Schema, IReadOnlyList<ColumnLayout> Columns, IReadOnlyList<KeyColumnLayout> Key)
{
    // What Npgsql calls a type that it has not loaded.
    private const string UnknownType = "-";

    /// <summary>Asks Postgres for the columns of a query, without running it.</summary>
    /// <exception cref="NpgsqlException">The query is wrong, or the server can't be reached.</exception>
    /// <exception cref="KeyException">The key names a column that the result does not have, or has twice.</exception>
    public static async Task<RowLayout> DescribeAsync(NpgsqlConnection connection, PostgresQuery query, CancellationToken cancellation)
    {
        var columns = await TypesAsync(connection, query, cancellation).ConfigureAwait(false);
        var layout = columns
            .Select((column, index) => ColumnWriters.Of(column.TypeId, query.ExactNumbers) is { } writer
                ? new ColumnLayout(writer, $"q.c{index}")
                : new ColumnLayout(ColumnWriters.Converted, ColumnWriters.Conversion(column.TypeId, query.ExactNumbers, $"q.c{index}")))
            .ToArray();
        return new RowLayout(
            new StreamSchema([.. columns.Select(column => new StreamColumn(column.Name, column.TypeName))], HasCheckpoints: query.HasCheckpoints),
            layout,
            KeyOf(query, columns));
    }

    private static async Task<IReadOnlyList<(string Name, uint TypeId, string TypeName)>> TypesAsync(
        NpgsqlConnection connection, PostgresQuery query, CancellationToken cancellation)
    {
        var command = new NpgsqlCommand(query.Sql, connection);
        await using var _ = command.ConfigureAwait(false);
        foreach (var value in query.Parameters)
            command.Parameters.Add(SelectStatement.Parameter(value));
        var columns = new List<(string Name, uint TypeId, string TypeName)>();
        var description = await command.ExecuteReaderAsync(CommandBehavior.SchemaOnly, cancellation).ConfigureAwait(false);
        await using (description.ConfigureAwait(false))
        {
            for (var ordinal = 0; ordinal < description.FieldCount; ordinal++)
                columns.Add((description.GetName(ordinal), description.GetDataTypeOID(ordinal), description.GetPostgresType(ordinal).InternalName));
        }

        // The driver knows the types that there were when its pool was new.
        foreach (var (ordinal, column) in columns.Index().Where(column => column.Item.TypeName == UnknownType).ToArray())
            columns[ordinal] = column with { TypeName = await NameOfAsync(connection, column.TypeId, cancellation).ConfigureAwait(false) };
        return columns;
    }

    private static async Task<string> NameOfAsync(NpgsqlConnection connection, uint type, CancellationToken cancellation)
    {
        var command = new NpgsqlCommand("SELECT typname::text FROM pg_catalog.pg_type WHERE oid = $1", connection)
        {
            Parameters = { new NpgsqlParameter { Value = type, NpgsqlDbType = NpgsqlDbType.Oid } },
        };
        await using var _ = command.ConfigureAwait(false);
        return (string)(await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!;
    }

    private static KeyColumnLayout[] KeyOf(PostgresQuery query, IReadOnlyList<(string Name, uint TypeId, string TypeName)> columns)
    {
        var hidden = columns.Count;
        return [.. query.Key.Select(Locate)];

        KeyColumnLayout Locate(KeyColumn key)
        {
            var found = columns.Index().Where(column => column.Item.Name == key.Name).Select(column => column.Index).ToArray();
            if (found.Length != 1)
            {
                var names = string.Join(", ", columns.Select(column => column.Name));
                throw new KeyException(
                    $"The key's column {key.Name} is {(found.Length == 0 ? "not" : "more than once")} among the result's columns, which are {names}.");
            }

            // A type without a writer travels once more, as the text that Postgres reads back.
            var writer = ColumnWriters.Of(columns[found[0]].TypeId, exactNumbers: false);
            var ordinal = writer is null ? hidden++ : found[0];
            var isText = writer is null || ColumnWriters.IsText(columns[found[0]].TypeId);
            return new KeyColumnLayout(key.Name, key.IsDescending, $"q.c{found[0]}", ordinal, isText ? null : writer);
        }
    }
}

/// <summary>A column of the result.</summary>
/// <param name="Writer">Writes its values.</param>
/// <param name="Sql">What to select for it from <c>q(c0, c1, …)</c>.</param>
internal sealed record ColumnLayout(ColumnWriter Writer, string Sql)
{
    /// <summary>Whether Postgres turns the values into JSON.</summary>
    public bool IsConverted => Writer == ColumnWriters.Converted;
}
