using ChunkStream.Postgres.Columns;
using ChunkStream.Postgres.Failures;
using Npgsql;
using NpgsqlTypes;

namespace ChunkStream.Postgres.Keys;

/// <summary>Finds how the types of a key's columns are ordered, compared and written.</summary>
/// <remarks>
/// Types are listed here where three things are known of them: our text, or Postgres's, is read back as the same value;
/// the operators are those of pg_catalog; and it is known which values are equal. Nothing is assumed of any other type:
/// its operators come from the operator class by which ORDER BY sorts it, each text is proven by Postgres, and Postgres
/// is asked which neighbours are equal.
/// </remarks>
internal static class KeyTypes
{
    // By object identifier: those of built-in types are fixed (Postgres, src/include/catalog/pg_type.dat).
    private static readonly Dictionary<uint, KeyType> Known = new()
    {
        [16] = new("pg_catalog.bool", KeyText.Written),
        [20] = new("pg_catalog.int8", KeyText.Written),
        [21] = new("pg_catalog.int2", KeyText.Written),
        [23] = new("pg_catalog.int4", KeyText.Written),
        [26] = new("pg_catalog.oid", KeyText.Written),
        [700] = new("pg_catalog.float4", KeyText.Written) { Equality = KeyEqualities.Single },
        [701] = new("pg_catalog.float8", KeyText.Written) { Equality = KeyEqualities.Double },
        [1700] = new("pg_catalog.numeric", KeyText.Written) { Equality = KeyEqualities.Numeric },
        [2950] = new("pg_catalog.uuid", KeyText.Written),
        [1082] = new("pg_catalog.date", KeyText.Written),
        [1114] = new("pg_catalog.timestamp", KeyText.Written),
        [1184] = new("pg_catalog.timestamptz", KeyText.Written),
        // The type name has the collation "C" of its own, which could contradict the column's. Postgres compares it as
        // text, too.
        [19] = new("pg_catalog.text", KeyText.Sent) { IsCollated = true },
        [25] = new("pg_catalog.text", KeyText.Sent) { IsCollated = true },
        [1042] = new("pg_catalog.bpchar", KeyText.Sent) { IsCollated = true, Equality = KeyEqualities.Padded },
        [1043] = new("pg_catalog.text", KeyText.Sent) { IsCollated = true, IsCoerced = true },
        [17] = new("pg_catalog.bytea", KeyText.Selected),
        [18] = new("pg_catalog.\"char\"", KeyText.Selected),
        [27] = new("pg_catalog.tid", KeyText.Selected),
        [650] = new("pg_catalog.inet", KeyText.Selected) { IsCoerced = true }, // cidr
        [774] = new("pg_catalog.macaddr8", KeyText.Selected),
        [829] = new("pg_catalog.macaddr", KeyText.Selected),
        [869] = new("pg_catalog.inet", KeyText.Selected),
        [1083] = new("pg_catalog.time", KeyText.Selected),
        [1266] = new("pg_catalog.timetz", KeyText.Selected),
        [1560] = new("pg_catalog.bit", KeyText.Selected),
        [1562] = new("pg_catalog.varbit", KeyText.Selected),
        [3220] = new("pg_catalog.pg_lsn", KeyText.Selected),
        [5069] = new("pg_catalog.xid8", KeyText.Selected),
    };

    // The pseudo-type whose operator class serves all enums, all ranges or all multiranges.
    private const string SharedKind = "WHEN t.typtype = 'e' THEN 'anyenum' WHEN t.typtype = 'r' THEN 'anyrange'"
        + " WHEN t.typtype = 'm' THEN 'anymultirange'";

    // Other types have elements, too: name, point.
    private const string IsTrueArray = "t.typsubscript = 'pg_catalog.array_subscript_handler'::pg_catalog.regproc";

    // The class by which ORDER BY sorts a type, as Postgres chooses it (GetDefaultOpClass): its own; that of all
    // arrays, enums …; or that of a type which its values are, too, bit for bit.
    private const string Ask =
    $"""
    SELECT t.oid, pg_catalog.format_type(t.oid, NULL), t.typtype = 'p',
        EXISTS (SELECT FROM pg_catalog.pg_collation WHERE NOT collisdeterministic),
        t.typtype = 'e',
        c.compared <> t.oid,
        (SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.typname)
         FROM pg_catalog.pg_type p JOIN pg_catalog.pg_namespace n ON n.oid = p.typnamespace WHERE p.oid = c.compared),
        ARRAY(
            SELECT pg_catalog.quote_ident(n.nspname) || '.' || o.oprname
            FROM pg_catalog.pg_amop a
            JOIN pg_catalog.pg_operator o ON o.oid = a.amopopr JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
            WHERE a.amopfamily = c.opcfamily AND a.amoplefttype = c.opcintype AND a.amoprighttype = c.opcintype
                AND a.amoppurpose = 's'
            ORDER BY a.amopstrategy)
    FROM pg_catalog.pg_type t
    LEFT JOIN LATERAL (
        SELECT o.opcfamily, o.opcintype, CASE WHEN p.typtype = 'p' THEN t.oid ELSE p.oid END AS compared
        FROM pg_catalog.pg_opclass o
        JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod AND m.amname = 'btree'
        JOIN pg_catalog.pg_type p ON p.oid = o.opcintype
        WHERE o.opcdefault AND (
            p.oid = t.oid
            OR (p.typtype = 'p' AND p.typname = CASE
                {SharedKind}
                WHEN t.typtype = 'c' THEN 'record'
                WHEN t.typelem <> 0 AND {IsTrueArray} THEN 'anyarray' END)
            OR EXISTS (
                SELECT FROM pg_catalog.pg_cast k
                WHERE k.castsource = t.oid AND k.casttarget = p.oid AND k.castmethod = 'b' AND k.castcontext = 'i'))
        ORDER BY p.oid = t.oid DESC, p.typispreferred DESC
        LIMIT 1) AS c ON true
    WHERE t.oid = ANY ($1)
    """;

    /// <summary>The types of a key's columns.</summary>
    /// <param name="connection">Is asked, in one round trip, unless all types are known and have no collation.</param>
    /// <param name="columns">The columns.</param>
    /// <exception cref="UnusableKeyException">A type has no order, or its text can't be read back.</exception>
    public static async Task<IReadOnlyList<KeyType>> FindAsync(
        NpgsqlConnection connection, IReadOnlyList<DescribedColumn> columns)
    {
        if (!columns.Any(IsAsked))
            return [.. columns.Select(column => Known[column.TypeId])];

        var asked = columns.Where(IsAsked).Select(column => column.TypeId).Distinct().ToArray();
        var answers = await AskAsync(connection, asked).ConfigureAwait(false);
        return [.. columns.Select(column =>
            answers.TryGetValue(column.TypeId, out var answer) ? answer(column.Name) : Known[column.TypeId])];
    }

    private static bool IsAsked(DescribedColumn column)
        => !Known.TryGetValue(column.TypeId, out var known) || known.IsCollated;

    private static async Task<Dictionary<uint, Func<string, KeyType>>> AskAsync(
        NpgsqlConnection connection, uint[] types)
    {
        var command = new NpgsqlCommand(Ask, connection)
        {
            Parameters = { new() { Value = types, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Oid } },
        };
        await using var _ = command.ConfigureAwait(false);
        var reader = await command.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
        await using var __ = reader.ConfigureAwait(false);
        var answers = new Dictionary<uint, Func<string, KeyType>>();
        while (await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false))
            answers.Add(reader.GetFieldValue<uint>(0), Answer(reader));
        return answers;
    }

    private static Func<string, KeyType> Answer(NpgsqlDataReader reader)
    {
        // Where a database has collations in which different texts are equal, any column may have one of them.
        if (Known.TryGetValue(reader.GetFieldValue<uint>(0), out var known))
        {
            var isAsked = reader.GetBoolean(3);
            return _ => known with { IsAskedOfPostgres = isAsked };
        }

        var name = reader.GetString(1);
        if (reader.GetBoolean(2))
        {
            return column => throw new UnusableKeyException(
                $"The key's column {column} is of the type {name}, whose values can't be read back: "
                + "cast it to a type that has a name.");
        }

        if (reader.IsDBNull(6) || reader.GetFieldValue<string[]>(7) is not { Length: 5 } operators)
        {
            return column => throw new UnusableKeyException(
                $"The key's column {column} is of the type {name}, which has no order "
                + "(no default operator class of btree).");
        }

        // The text of an enum is the name of its value: equal values have the same.
        var type = new KeyType(reader.GetString(6), KeyText.Proven)
        {
            IsCoerced = reader.GetBoolean(5),
            IsAskedOfPostgres = !reader.GetBoolean(4),
            Operators = [.. operators.Select(qualified => $"OPERATOR({qualified})")],
        };
        return _ => type;
    }
}
