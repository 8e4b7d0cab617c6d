using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Numerics;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using NpgsqlTypes;

namespace ChunkStream.Postgres.Statements;

/// <summary>
/// The types of Postgres that belong to types of .NET, as Npgsql pairs them. Each text form gives back the same value.
/// </summary>
internal static class SqlTypes
{
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    private static readonly Dictionary<Type, SqlType> Known = new()
    {
        [typeof(bool)] = Create<bool>("boolean", value => value ? "true" : "false"),
        [typeof(sbyte)] = Number<sbyte>("smallint"),
        [typeof(byte)] = Number<byte>("smallint"),
        [typeof(short)] = Number<short>("smallint"),
        [typeof(ushort)] = Number<ushort>("integer"),
        [typeof(int)] = Number<int>("integer"),
        [typeof(uint)] = Number<uint>("bigint"),
        [typeof(long)] = Number<long>("bigint"),
        [typeof(ulong)] = Number<ulong>("numeric"),
        [typeof(Int128)] = Number<Int128>("numeric"),
        [typeof(UInt128)] = Number<UInt128>("numeric"),
        [typeof(BigInteger)] = Number<BigInteger>("numeric"),
        [typeof(decimal)] = Number<decimal>("numeric"),
        [typeof(Half)] = Number<Half>("real"),
        [typeof(float)] = Number<float>("real"),
        [typeof(double)] = Number<double>("double precision"),
        [typeof(Guid)] = Create<Guid>("pg_catalog.uuid", value => value.ToString()),
        [typeof(DateOnly)] = Create<DateOnly>("pg_catalog.date", value => value.ToString("yyyy-MM-dd", Invariant)),
        [typeof(TimeOnly)] = Create<TimeOnly>("time", value => value.ToString("HH:mm:ss.ffffff", Invariant)),
        [typeof(DateTimeOffset)] = Create<DateTimeOffset>(
            "timestamp with time zone", value => Moment(value.UtcDateTime)),
        [typeof(TimeSpan)] = Create<TimeSpan>("interval", Interval),
        [typeof(byte[])] = Create<byte[]>("pg_catalog.bytea", value => "\\x" + Convert.ToHexString(value)),
        [typeof(ReadOnlyMemory<byte>)] = Create<ReadOnlyMemory<byte>>(
            "pg_catalog.bytea", value => "\\x" + Convert.ToHexString(value.Span)),
        [typeof(IPAddress)] = Create<IPAddress>("pg_catalog.inet", value => value.ToString()),
        [typeof(PhysicalAddress)] = Create<PhysicalAddress>("pg_catalog.macaddr", value => value.ToString()),
        [typeof(JsonElement)] = Create<JsonElement>("pg_catalog.jsonb", value => value.GetRawText()),
        [typeof(JsonDocument)] = Create<JsonDocument>("pg_catalog.jsonb", value => value.RootElement.GetRawText()),
        [typeof(JsonNode)] = Create<JsonNode>("pg_catalog.jsonb", value => value.ToJsonString()),

        // A time in UTC, or in this machine's zone, is a moment. One of an unspecified kind is only what a clock shows.
        [typeof(DateTime)] = new SqlType(
            value => value is null ? null
                : ((DateTime)value).Kind is DateTimeKind.Unspecified ? "timestamp"
                : "timestamp with time zone",
            value => (DateTime)value is { Kind: DateTimeKind.Unspecified } clock
                ? Clock(clock)
                : Moment(((DateTime)value).ToUniversalTime())),

        // Like literals in SQL, these take the type of what they stand beside.
        [typeof(string)] = Create<string>(null, value => value),
        [typeof(char)] = Create<char>(null, value => value.ToString()),
    };

    /// <summary>The type that belongs to one of .NET; null where none does.</summary>
    public static SqlType? Find(Type type)
        => Known.GetValueOrDefault(type)
        ?? (type.IsEnum ? Create<Enum>(null, Label)
            : type.IsAssignableTo(typeof(JsonNode)) ? Known[typeof(JsonNode)]
            : type.IsAssignableTo(typeof(IPAddress)) ? Known[typeof(IPAddress)]
            : null);

    private static SqlType Create<T>(string? name, Func<T, string> text) => new(_ => name, value => text((T)value));

    private static SqlType Number<T>(string name)
        where T : IFormattable => Create<T>(name, value => value.ToString(null, Invariant));

    // Postgres counts in microseconds, and would round up what is beyond them.
    private static string Clock(DateTime time) => time.ToString("yyyy-MM-dd HH:mm:ss.ffffff", Invariant);

    private static string Moment(DateTime utc) => Clock(utc) + "+00";

    private static string Interval(TimeSpan time)
    {
        var microseconds = time.Ticks % TimeSpan.TicksPerDay / TimeSpan.TicksPerMicrosecond;
        return string.Create(Invariant, $"{time.Days} days {microseconds} microseconds");
    }

    private static string Label(Enum value)
    {
        var name = Enum.GetName(value.GetType(), value)
            ?? throw new ArgumentException(
                $"{value.GetType().Name} has no name for the value {value}: cast it to a number.", nameof(value));
        return value.GetType().GetField(name)!.GetCustomAttribute<PgNameAttribute>()?.PgName ?? name;
    }
}

/// <summary>A type of Postgres, for values of one type of .NET.</summary>
/// <param name="Name">
/// The type's name in SQL for a value, or for null; null where the value takes the type of what it stands beside.
/// </param>
/// <param name="Text">A value's text form.</param>
internal sealed record SqlType(Func<object?, string?> Name, Func<object, string> Text)
{
    /// <summary>A value that is not null.</summary>
    public SqlValue Value(object value) => new(Name(value), Text(value));
}
