using System.ComponentModel;
using System.Reflection;
using Npgsql;

namespace ChunkStream.Postgres.Connections;

/// <summary>
/// What becomes of each setting of a connection string. Most are taken as they are given. Some have only one value with
/// which streams are right, and get it whatever is given: none of them says what is streamed, only how a driver goes
/// about its work. A test fails for a setting that is in neither list.
/// </summary>
internal static class ConnectionSettings
{
    /// <summary>The settings that are taken as they are given.</summary>
    public static readonly IReadOnlySet<string> AsGiven = new HashSet<string>(StringComparer.OrdinalIgnoreCase)
    {
        // Where the database is, and who connects.
        "Host", "Port", "Database", "Username", "Password", "Passfile", "Application Name", "Target Session Attributes",
        "Load Balance Hosts", "Host Recheck Seconds",

        // How the connection is protected.
        "SSL Mode", "SSL Negotiation", "SSL Certificate", "SSL Key", "SSL Password", "Root Certificate",
        "Check Certificate Revocation", "GSS Encryption Mode", "Kerberos Service Name", "Include Realm",
        "Channel Binding", "Require Auth", "Trust Server Certificate", "Persist Security Info",

        // What the session begins with. A cursor's transaction sets what a value's text depends on, time zone included.
        "Search Path", "Timezone", "Options",

        // The pool and the socket.
        "Pooling", "Minimum Pool Size", "Maximum Pool Size", "Connection Idle Lifetime", "Connection Pruning Interval",
        "Connection Lifetime", "Timeout", "TCP Keepalive", "TCP Keepalive Time", "TCP Keepalive Interval",
        "Read Buffer Size", "Write Buffer Size", "Socket Receive Buffer Size", "Socket Send Buffer Size",
        "No Reset On Close",

        // What Npgsql writes into the log. Clients are told nothing of it.
        "Log Parameters", "Include Error Detail", "Include Failed Batched Command",
    };

    /// <summary>The settings that always have these values.</summary>
    public static readonly IReadOnlyDictionary<string, object> Forced =
        new Dictionary<string, object>(StringComparer.OrdinalIgnoreCase)
        {
            // Rows are sent as the bytes that Postgres gives, which therefore must be UTF-8. The setting is explicit
            // because Npgsql would otherwise take PGCLIENTENCODING from the environment.
            ["Client Encoding"] = "UTF8",
            ["Encoding"] = "UTF8",

            // If Npgsql 10.0.3 has prepared statements by itself, it loses its place in the connection after a value
            // that Postgres refuses ("unexpected backend message DataRow"), and some requests hang.
            ["Max Auto Prepare"] = 0,
            ["Auto Prepare Min Usages"] = 5,

            // A stream has a connection of its own while it reads, because a transaction, SET LOCAL and a cursor
            // belong to one session.
            ["Multiplexing"] = false,
            ["Write Coalescing Buffer Threshold Bytes"] = 1000,
            ["Enlist"] = false,
            ["Replication Mode"] = "Off",

            // Rows are read by the numbers of built-in types, which Npgsql knows; all other values come as JSON.
            // Npgsql must not load the types of the database, because it fails at every column whose type it can't
            // place, such as an array of a domain over an array.
            ["Server Compatibility Mode"] = ServerCompatibilityMode.NoTypeLoading,
            ["Load Table Composites"] = false,
            ["Array Nullability Mode"] = ArrayNullabilityMode.Never,

            // A stream may run for longer than any fixed time. The pump bounds it, and severs its connection
            // (PostgresSession). Npgsql's own way to stop a query blocks a thread until the server answers.
            ["Command Timeout"] = 0,
            ["Internal Command Timeout"] = -1,
            ["Cancellation Timeout"] = -1,

            // Npgsql's own keepalive blocks a thread, too. Where it was asked for, TCP's keepalive replaces it.
            ["Keepalive"] = 0,
        };

    private const string GssMode = "GSS Encryption Mode";

    // Reflection takes its time, and is needed for what is said of mistakes alone.
    private static readonly Lazy<PropertyInfo[]> Properties = new(() =>
    [
        .. typeof(NpgsqlConnectionStringBuilder)
            .GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            .Where(property => NameOf(property) is not null),
    ]);

    /// <summary>The names of all settings that Npgsql has.</summary>
    public static IEnumerable<string> Names => Properties.Value.Select(property => NameOf(property)!);

    /// <summary>Forces what has only one right value.</summary>
    public static void Force(NpgsqlConnectionStringBuilder settings)
    {
        if (settings.KeepAlive > 0)
        {
            settings.TcpKeepAlive = true;
            settings.TcpKeepAliveTime = settings.TcpKeepAliveTime is 0 ? settings.KeepAlive : settings.TcpKeepAliveTime;
        }

        foreach (var (name, value) in Forced)
        {
            if (!Has(settings, name, value))
                settings[name] = value;
        }
    }

    /// <summary>Whether a setting has its one right value, for each that has only one.</summary>
    public static bool AreForced(NpgsqlConnectionStringBuilder settings)
        => Forced.All(setting => Has(settings, setting.Key, setting.Value));

    /// <summary>
    /// Sets what the connection string leaves open, for both pools. A timeout of 0 means no limit to Npgsql; here
    /// connecting always has one.
    /// </summary>
    public static void Complete(NpgsqlConnectionStringBuilder settings, string applicationName, int connectSeconds)
    {
        if (settings.Timeout == 0 || !IsGiven(settings, "Timeout"))
            settings.Timeout = connectSeconds;
        if (!IsGiven(settings, "Application Name"))
            settings.ApplicationName = applicationName;

        // Npgsql 10 tries Kerberos before each connection, unless it is told not to. Where the system has no Kerberos
        // library, as in small containers, that is a failure for each connection, and lines on the console.
        if (!IsGiven(settings, GssMode) && Environment.GetEnvironmentVariable("PGGSSENCMODE") is null)
            settings.GssEncryptionMode = GssEncryptionMode.Disable;
    }

    /// <summary>Whether a setting was given, or set since.</summary>
    public static bool IsGiven(NpgsqlConnectionStringBuilder settings, string name)
        => settings.Keys.Cast<string>().Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>A setting's name as Npgsql's documentation has it; itself, where it is a synonym.</summary>
    public static string NameOf(string name) => PropertyOf(name) is { } property ? NameOf(property)! : name;

    /// <summary>What a setting can be, in words; null where it is a text.</summary>
    public static string? Allowed(string name) => PropertyOf(name)?.PropertyType switch
    {
        null => null,
        var type when type == typeof(bool) || type == typeof(bool?) => "true or false",
        var type when type == typeof(int) || type == typeof(int?) => "a whole number in its range",
        var type when EnumOf(type) is { } choices => "one of " + string.Join(", ", Enum.GetNames(choices)),
        _ => null,
    };

    /// <summary>Whether a setting is one of a few words.</summary>
    public static bool IsChoice(NpgsqlConnectionStringBuilder settings, string name)
        => settings.TryGetValue(name, out var value) && value is Enum;

    // A setting that this Npgsql does not have needs no value.
    private static bool Has(NpgsqlConnectionStringBuilder settings, string name, object value)
        => !settings.TryGetValue(name, out var actual)
            || actual.Equals(value)
            || (actual is Enum && value is string && actual.ToString() == (string)value);

    private static Type? EnumOf(Type type)
        => (Nullable.GetUnderlyingType(type) ?? type) is { IsEnum: true } choices ? choices : null;

    private static PropertyInfo? PropertyOf(string name)
        => Properties.Value.FirstOrDefault(property => Plain(NameOf(property)!) == Plain(name));

    private static string Plain(string name) => name.Replace(" ", "", StringComparison.Ordinal).ToUpperInvariant();

    private static string? NameOf(PropertyInfo property)
        => property.GetCustomAttribute<DisplayNameAttribute>()?.DisplayName;
}
