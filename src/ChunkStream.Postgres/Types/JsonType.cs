namespace ChunkStream.Postgres.Types;

/// <summary>What the values of a Postgres type are in JSON, as <c>row_to_json</c> gives them.</summary>
/// <param name="Kind">What they are.</param>
/// <param name="Name">The type's name in Postgres.</param>
internal sealed record JsonType(JsonKind Kind, string Name)
{
    /// <summary>Their format as OpenAPI's registry names it, such as <c>date-time</c>; null for none.</summary>
    public string? Format { get; init; }

    /// <summary>All values that there are, of an enum; null for other types.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>What an element of a list is, unless it is null. (A list of several dimensions has lists.)</summary>
    public JsonType? Element { get; init; }

    /// <summary>What an object has, by name; each may be null. Null where that is not known.</summary>
    public IReadOnlyList<KeyValuePair<string, JsonType>>? Members { get; init; }
}

/// <summary>A kind of values in JSON.</summary>
internal enum JsonKind
{
    /// <summary>Anything: <c>json</c>, <c>jsonb</c>, and types of extensions that become JSON.</summary>
    Any,

    /// <summary>true or false.</summary>
    Boolean,

    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>A number; or NaN, Infinity or -Infinity as a string, since JSON has no such numbers.</summary>
    Number,

    /// <summary>A string.</summary>
    Text,

    /// <summary>An array.</summary>
    List,

    /// <summary>An object.</summary>
    Object,
}
