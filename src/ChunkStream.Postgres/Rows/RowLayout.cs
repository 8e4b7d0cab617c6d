using System.Data;
using ChunkStream.Formats;
using ChunkStream.Postgres.Columns;
using ChunkStream.Postgres.Failures;
using ChunkStream.Postgres.Keys;
using Npgsql;
using NpgsqlTypes;

namespace ChunkStream.Postgres.Rows;

/// <summary>
/// The columns of a query as they will be streamed: what the client is told of them, a writer each, and what a SELECT
/// has to give so that those writers can read it.
/// </summary>
/// <param name="Schema">The names and types of the columns, as the client is told.</param>
/// <param name="Columns">For each column its writer, and its SQL inside a SELECT over the query.</param>
/// <param name="Key">The key's columns; empty without a key.</param>
internal sealed record RowLayout(
    StreamSchema Schema, IReadOnlyList<ColumnLayout> Columns, IReadOnlyList<KeyColumnLayout> Key)
{
    /// <summary>
    /// Whether each row has one more column at its end, which says if its key is the same as that of the row before.
    /// </summary>
    public bool TellsSameKeys { get; } = Key.Any(column => column.Type.IsAskedOfPostgres);

    // What Npgsql calls a type that is not one of those it has built in.
    private const string UnknownType = "-";

    /// <summary>Asks Postgres for the columns of a query, without running it.</summary>
    /// <param name="connection">The connection on which Postgres is asked.</param>
    /// <param name="query">The query.</param>
    /// <param name="exactNumbers">Whether int8 and numeric become strings in JSON.</param>
    /// <exception cref="NpgsqlException">The query is wrong, or the server can't be reached.</exception>
    /// <exception cref="UnusableKeyException">
    /// The key names no column of the result, or one of a type that can be no key.
    /// </exception>
    public static async Task<RowLayout> DescribeAsync(
        NpgsqlConnection connection, PostgresQuery query, bool exactNumbers = false)
    {
        var columns = await TypesAsync(connection, query).ConfigureAwait(false);
        var exact = exactNumbers && !query.GivesTexts
            ? await ExactShapesAsync(connection, columns).ConfigureAwait(false)
            : null;
        var layout = columns.Select((column, index) => LayoutOf(column.TypeId, $"q.c{index}")).ToArray();
        return new RowLayout(
            new StreamSchema(
                [.. columns.Select(column => new StreamColumn(column.Name, column.TypeName))], HasCheckpoints: false)
            {
                Key = query.Key.Count > 0 ? [.. query.Key.Select(column => column.Name)] : null,
            },
            layout,
            await KeyOfAsync(connection, query, columns).ConfigureAwait(false));

        ColumnLayout LayoutOf(uint type, string sql)
        {
            if (query.GivesTexts)
            {
                return ColumnWriters.FindText(type) is { } text
                    ? new ColumnLayout(text, sql, IsConverted: false)
                    : new ColumnLayout(ColumnWriters.Text, $"CAST({sql} AS pg_catalog.text)", IsConverted: true);
            }

            if (ColumnWriters.Find(type, exactNumbers) is { } writer)
                return new ColumnLayout(writer, sql, IsConverted: false);
            var converter = exact is not null && exact.TryGetValue(type, out var shape)
                ? new ExactWriter(shape)
                : ColumnWriters.Converted;
            return new ColumnLayout(converter, $"to_json({sql})", IsConverted: true);
        }
    }

    private static async Task<IReadOnlyDictionary<uint, ExactShape>?> ExactShapesAsync(
        NpgsqlConnection connection, IReadOnlyList<DescribedColumn> columns)
    {
        var converted = columns.Select(column => column.TypeId)
            .Where(type => ColumnWriters.Find(type, exactNumbers: true) is null)
            .ToArray();
        return converted.Length > 0 ? await ExactTypes.FindAsync(connection, converted).ConfigureAwait(false) : null;
    }

    private static async Task<IReadOnlyList<DescribedColumn>> TypesAsync(
        NpgsqlConnection connection, PostgresQuery query)
    {
        var batch = SelectStatement.Describe(query, connection);
        await using var _ = batch.ConfigureAwait(false);
        var columns = new List<DescribedColumn>();
        var description = await batch.ExecuteReaderAsync(CommandBehavior.SchemaOnly, CancellationToken.None)
            .ConfigureAwait(false);
        await using (description.ConfigureAwait(false))
        {
            for (var ordinal = 0; ordinal < description.FieldCount; ordinal++)
            {
                columns.Add(new DescribedColumn(
                    description.GetName(ordinal),
                    description.GetDataTypeOID(ordinal),
                    description.GetPostgresType(ordinal).InternalName));
            }
        }

        if (columns.All(column => column.TypeName != UnknownType))
            return columns;
        var asked = columns.Where(column => column.TypeName == UnknownType).Select(column => column.TypeId).ToArray();
        var names = await NamesOfAsync(connection, asked).ConfigureAwait(false);
        return [.. columns.Select(column =>
            column.TypeName == UnknownType ? column with { TypeName = names[column.TypeId] } : column)];
    }

    private static async Task<IReadOnlyDictionary<uint, string>> NamesOfAsync(NpgsqlConnection connection, uint[] types)
    {
        const string Sql = "SELECT oid, typname::text FROM pg_catalog.pg_type WHERE oid = ANY ($1)";
        var command = new NpgsqlCommand(Sql, connection)
        {
            Parameters = { new() { Value = types, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Oid } },
        };
        await using var _ = command.ConfigureAwait(false);
        var reader = await command.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
        await using var __ = reader.ConfigureAwait(false);
        var names = new Dictionary<uint, string>();
        while (await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false))
            names.Add(reader.GetFieldValue<uint>(0), reader.GetString(1));
        return names;
    }

    private static async Task<IReadOnlyList<KeyColumnLayout>> KeyOfAsync(
        NpgsqlConnection connection, PostgresQuery query, IReadOnlyList<DescribedColumn> columns)
    {
        if (query.Key.Count == 0)
            return [];

        var places = new int[query.Key.Count];
        for (var index = 0; index < places.Length; index++)
            places[index] = Locate(query.Key[index]);
        var types = await KeyTypes.FindAsync(connection, [.. query.Key.Select((_, index) => columns[places[index]])])
            .ConfigureAwait(false);
        var hidden = columns.Count;
        return [.. query.Key.Select(Lay)];

        int Locate(KeyColumn key)
        {
            var (place, times) = (-1, 0);
            for (var index = 0; index < columns.Count; index++)
            {
                if (columns[index].Name == key.Name)
                    (place, times) = (index, times + 1);
            }

            if (times == 1)
                return place;
            var names = string.Join(", ", columns.Select(column => column.Name));
            throw new UnusableKeyException(
                $"The key's column {key.Name} is {(times == 0 ? "not" : "more than once")} "
                + $"among the result's columns, which are {names}.");
        }

        KeyColumnLayout Lay(KeyColumn key, int index)
        {
            var (place, type) = (places[index], types[index]);
            var writer = type.Text is KeyText.Written
                ? ColumnWriters.Find(columns[place].TypeId, exactNumbers: false)
                : null;
            var ordinal = type.Text is KeyText.Written or KeyText.Sent ? place : hidden++;
            return new KeyColumnLayout(key.Name, key.IsDescending, $"q.c{place}", ordinal, type, writer);
        }
    }
}

/// <summary>A column of the result.</summary>
/// <param name="Writer">Writes its values.</param>
/// <param name="Sql">What to select for it from <c>q(c0, c1, …)</c>.</param>
/// <param name="IsConverted">Whether Postgres turns the values into JSON, or into text.</param>
internal sealed record ColumnLayout(ColumnWriter Writer, string Sql, bool IsConverted);
