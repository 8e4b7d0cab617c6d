using ChunkStream.Postgres.Rows;
using Npgsql;
using NpgsqlTypes;

namespace ChunkStream.Postgres.Types;

/// <summary>Asks Postgres what types consist of, and tells what that is in JSON.</summary>
internal sealed class JsonTypes
{
    // to_json() asks a type that is not built in for its own way to become JSON.
    private const string BecomesJson =
        "t.oid >= 16384 AND EXISTS (SELECT FROM pg_catalog.pg_cast c WHERE c.castsource = t.oid "
        + "AND c.casttarget = 'pg_catalog.json'::pg_catalog.regtype AND c.castmethod = 'f')";

    private const string Columns =
        "FROM pg_catalog.pg_attribute a WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 "
        + "AND NOT a.attisdropped";

    private const string Sql =
        $"""
        WITH RECURSIVE part(oid) AS (
          SELECT unnest($1)
          UNION
          SELECT inner_part.oid
          FROM part p
          JOIN pg_catalog.pg_type t ON t.oid = p.oid
          CROSS JOIN LATERAL (
            SELECT t.typbasetype WHERE t.typtype = 'd'
            UNION ALL
            SELECT t.typelem WHERE t.typtype <> 'd' AND {ExactTypes.IsTrueArray}
            UNION ALL
            SELECT a.atttypid {Columns}
          ) AS inner_part(oid))
        SELECT t.oid, t.typname::text, {BecomesJson},
          CASE WHEN t.typtype = 'd' THEN t.typbasetype END,
          CASE WHEN t.typtype <> 'd' AND {ExactTypes.IsTrueArray} THEN t.typelem END,
          t.typtype = 'c' OR t.oid = 'pg_catalog.record'::pg_catalog.regtype,
          ARRAY(SELECT e.enumlabel::text FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder),
          ARRAY(SELECT a.attname::text {Columns} ORDER BY a.attnum),
          ARRAY(SELECT a.atttypid {Columns} ORDER BY a.attnum)
        FROM part p JOIN pg_catalog.pg_type t ON t.oid = p.oid
        """;

    // Object identifiers of built-in types are fixed. All other types are strings.
    private static readonly Dictionary<uint, (JsonKind Kind, string? Format)> BuiltIn = new()
    {
        [16] = (JsonKind.Boolean, null),
        [20] = (JsonKind.Integer, "int64"),
        [21] = (JsonKind.Integer, "int16"),
        [23] = (JsonKind.Integer, "int32"),
        [700] = (JsonKind.Number, "float"),
        [701] = (JsonKind.Number, "double"),
        [1700] = (JsonKind.Number, "decimal"),
        [114] = (JsonKind.Any, null),
        [3802] = (JsonKind.Any, null),
        [1082] = (JsonKind.Text, "date"),
        [1083] = (JsonKind.Text, "time-local"),
        [1114] = (JsonKind.Text, "date-time-local"),
        [1184] = (JsonKind.Text, "date-time"),
        [2950] = (JsonKind.Text, "uuid"),
    };

    private readonly Dictionary<uint, Part> _parts = [];

    private JsonTypes()
    {
    }

    /// <summary>Asks for types, and for all that they consist of.</summary>
    public static async Task<JsonTypes> FindAsync(NpgsqlConnection connection, IEnumerable<uint> types)
    {
        var command = new NpgsqlCommand(Sql, connection)
        {
            Parameters = { new() { Value = types.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Oid } },
        };
        await using var _ = command.ConfigureAwait(false);
        var reader = await command.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
        await using var __ = reader.ConfigureAwait(false);
        var found = new JsonTypes();
        while (await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false))
        {
            found._parts.Add(reader.GetFieldValue<uint>(0), new Part(
                reader.GetString(1),
                reader.GetBoolean(2),
                reader.IsDBNull(3) ? null : reader.GetFieldValue<uint>(3),
                reader.IsDBNull(4) ? null : reader.GetFieldValue<uint>(4),
                reader.GetBoolean(5),
                reader.GetFieldValue<string[]>(6),
                reader.GetFieldValue<string[]>(7),
                reader.GetFieldValue<uint[]>(8)));
        }

        return found;
    }

    /// <summary>What the values of a type are.</summary>
    public JsonType Of(uint type) => Of(type, []);

    private JsonType Of(uint type, IReadOnlyList<uint> outer)
    {
        if (BuiltIn.TryGetValue(type, out var known))
            return new JsonType(known.Kind, NameOf(type)) { Format = known.Format };

        // A row may have a list of rows of its own type.
        if (!_parts.TryGetValue(type, out var part) || part.BecomesJson || outer.Contains(type))
            return new JsonType(JsonKind.Any, NameOf(type));
        uint[] inside = [.. outer, type];
        if (part.Base is { } domain)
            return Of(domain, inside) with { Name = part.Name };
        if (part.Element is { } element)
            return new JsonType(JsonKind.List, part.Name) { Element = Of(element, inside) };
        if (part.IsRow)
        {
            return new JsonType(JsonKind.Object, part.Name)
            {
                Members = part.Names.Length == 0
                    ? null
                    : [.. part.Names.Zip(part.Types, (name, of) => KeyValuePair.Create(name, Of(of, inside)))],
            };
        }

        return new JsonType(JsonKind.Text, part.Name) { Labels = part.Labels is [] ? null : part.Labels };
    }

    private string NameOf(uint type) => _parts.TryGetValue(type, out var part) ? part.Name : "unknown";

    private sealed record Part(
        string Name, bool BecomesJson, uint? Base, uint? Element, bool IsRow, string[] Labels, string[] Names,
        uint[] Types);
}
