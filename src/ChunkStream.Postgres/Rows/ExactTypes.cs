using ChunkStream.Postgres.Columns;
using Npgsql;
using NpgsqlTypes;

namespace ChunkStream.Postgres.Rows;

/// <summary>
/// Finds where the values of types have <c>bigint</c> and <c>numeric</c> inside: in arrays, domains, composite types,
/// and all of these in one another. No catalogue tells what an anonymous <c>record</c> has; a range is a string in JSON
/// anyway.
/// </summary>
internal static class ExactTypes
{
    /// <summary>The condition that a type <c>t</c> is an array. Other types have elements, too: name, point.</summary>
    public const string IsTrueArray = "t.typsubscript = 'pg_catalog.array_subscript_handler'::pg_catalog.regproc";

    // Each type that a type consists of: the base type of a domain, the elements of an array, the columns of a row.
    private const string Parts =
        $"""
        WITH RECURSIVE part(type, name, of) AS (
          SELECT NULL::oid, NULL::text, unnest($1)
          UNION
          SELECT p.of, inner_part.name, inner_part.type
          FROM part p
          JOIN pg_catalog.pg_type t ON t.oid = p.of
          CROSS JOIN LATERAL (
            SELECT NULL::text, t.typbasetype WHERE t.typtype = 'd'
            UNION ALL
            SELECT NULL, t.typelem WHERE t.typtype <> 'd' AND {IsTrueArray}
            UNION ALL
            SELECT a.attname::text COLLATE "default", a.atttypid FROM pg_catalog.pg_attribute a
            WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
          ) AS inner_part(name, type))
        SELECT type, name, of FROM part WHERE type IS NOT NULL
        """;

    /// <summary>The shapes of those types that have such numbers inside.</summary>
    public static async Task<IReadOnlyDictionary<uint, ExactShape>> FindAsync(
        NpgsqlConnection connection, IEnumerable<uint> types)
    {
        var command = new NpgsqlCommand(Parts, connection)
        {
            Parameters = { new() { Value = types.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Oid } },
        };
        await using var _ = command.ConfigureAwait(false);
        var reader = await command.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
        await using var __ = reader.ConfigureAwait(false);
        var parts = new List<Part>();
        while (await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false))
        {
            var name = reader.IsDBNull(1) ? null : reader.GetString(1);
            parts.Add(new Part(reader.GetFieldValue<uint>(0), name, reader.GetFieldValue<uint>(2)));
        }

        return Shapes(parts);
    }

    // Goes from the numbers outwards, until it finds no further type.
    private static Dictionary<uint, ExactShape> Shapes(List<Part> parts)
    {
        var shapes = parts.Select(part => part.Of)
            .Where(ColumnWriters.IsExact)
            .Distinct()
            .ToDictionary(type => type, _ => new ExactShape { IsNumber = true });
        for (var rest = parts; ;)
        {
            var found = rest.Where(part => shapes.ContainsKey(part.Of)).ToArray();
            if (found.Length == 0)
                return shapes;
            foreach (var (type, name, of) in found)
            {
                if (name is null)
                    shapes[type] = shapes[of];
                else if (shapes.TryGetValue(type, out var row))
                    row.Members![name] = shapes[of];
                else
                    shapes[type] = new ExactShape { Members = new() { [name] = shapes[of] } };
            }

            rest = [.. rest.Except(found)];
        }
    }

    /// <summary>A type, a member of it (null: its base type or its element), and the member's type.</summary>
    private sealed record Part(uint Type, string? Name, uint Of);
}
