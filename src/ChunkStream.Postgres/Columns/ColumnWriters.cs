namespace ChunkStream.Postgres.Columns;

/// <summary>
/// Says which types have a fast writer. A column of any other type is turned into JSON by Postgres itself.
/// </summary>
internal static class ColumnWriters
{
    private static readonly Dictionary<uint, ColumnWriter> ByType = new()
    {
        // Object identifiers of built-in types are fixed: Postgres, src/include/catalog/pg_type.dat.
        [16] = new BooleanWriter(),
        [20] = new Int64Writer(),
        [21] = new Int16Writer(),
        [23] = new Int32Writer(),
        [26] = new OidWriter(),
        [700] = new SingleWriter(),
        [701] = new DoubleWriter(),
        [1700] = new NumericWriter(),
        [19] = new TextWriter(), // name
        [25] = new TextWriter(),
        [1042] = new TextWriter(), // character(n)
        [1043] = new TextWriter(), // character varying
        [2950] = new UuidWriter(),
        [1082] = new DateWriter(),
        [1114] = new TimestampWriter(offset: ""u8),
        [1184] = new TimestampWriter(offset: "+00:00"u8),
        [114] = new JsonWriter(),
        [3802] = new JsonbWriter(),
    };

    // The writers of bigint and numeric that make strings of the values.
    private static readonly Dictionary<uint, ColumnWriter> Exact = new()
    {
        [20] = new QuotedWriter(ByType[20]),
        [1700] = new QuotedWriter(ByType[1700]),
    };

    /// <summary>The writer of a column that Postgres has turned into JSON.</summary>
    public static ColumnWriter Converted { get; } = new ConvertedWriter();

    /// <summary>The writer of a type, or null where there is none.</summary>
    /// <param name="type">The type's object identifier.</param>
    /// <param name="exactNumbers">Whether numbers that a 64-bit float can't hold are strings in JSON.</param>
    public static ColumnWriter? Find(uint type, bool exactNumbers)
        => exactNumbers && Exact.TryGetValue(type, out var exact) ? exact : ByType.GetValueOrDefault(type);

    /// <summary>The writer of a column that is text, or that Postgres has turned into text.</summary>
    public static ColumnWriter Text { get; } = new TextWriter();

    /// <summary>
    /// The writer that makes JSON strings of a type's values, whatever the type is; null where there is none.
    /// </summary>
    /// <param name="type">The type's object identifier.</param>
    public static ColumnWriter? FindText(uint type) => ByType.GetValueOrDefault(type) switch
    {
        null => null,
        JsonWriter => Text,
        JsonbWriter => new JsonbTextWriter(),
        TextWriter or PlainTextWriter => ByType[type],
        var bare => new QuotedWriter(bare),
    };

    /// <summary>Whether a type's binary format is its text form.</summary>
    public static bool IsText(uint type) => ByType.GetValueOrDefault(type) is TextWriter;

    /// <summary>Whether a type's values are numbers that a 64-bit float can't hold.</summary>
    public static bool IsExact(uint type) => Exact.ContainsKey(type);
}
