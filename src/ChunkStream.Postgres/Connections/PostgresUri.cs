using System.Globalization;

namespace ChunkStream.Postgres.Connections;

/// <summary>
/// A URI such as <c>postgres://user:secret@host:5432/database?sslmode=require</c>, by libpq's rules: all parts may be
/// left out and percent-encoded, there may be several hosts, IPv6 addresses stand in brackets, and parameters are
/// libpq's or Npgsql's own.
/// </summary>
internal static class PostgresUri
{
    private static readonly string[] Schemes = ["postgres://", "postgresql://"];

    // libpq's names, and Npgsql's names for the same settings.
    private static readonly Dictionary<string, string> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        ["host"] = "Host",
        ["hostaddr"] = "Host",
        ["port"] = "Port",
        ["dbname"] = "Database",
        ["user"] = "Username",
        ["password"] = "Password",
        ["passfile"] = "Passfile",
        ["connect_timeout"] = "Timeout",
        ["client_encoding"] = "Client Encoding",
        ["options"] = "Options",
        ["application_name"] = "Application Name",
        ["keepalives"] = "TCP Keepalive",
        ["keepalives_idle"] = "TCP Keepalive Time",
        ["keepalives_interval"] = "TCP Keepalive Interval",
        ["gssencmode"] = "GSS Encryption Mode",
        ["sslmode"] = "SSL Mode",
        ["sslnegotiation"] = "SSL Negotiation",
        ["sslcert"] = "SSL Certificate",
        ["sslkey"] = "SSL Key",
        ["sslpassword"] = "SSL Password",
        ["sslrootcert"] = "Root Certificate",
        ["krbsrvname"] = "Kerberos Service Name",
        ["channel_binding"] = "Channel Binding",
        ["require_auth"] = "Require Auth",
        ["target_session_attrs"] = "Target Session Attributes",
        ["load_balance_hosts"] = "Load Balance Hosts",
    };

    /// <summary>Whether a text is meant as a URI.</summary>
    public static bool IsOne(string text)
        => Schemes.Any(scheme => text.StartsWith(scheme, StringComparison.OrdinalIgnoreCase));

    /// <summary>Reads the settings of a URI, by Npgsql's names.</summary>
    /// <exception cref="ConnectionStringException">It can't be read. The message may be shown.</exception>
    public static Dictionary<string, string> Read(string uri)
    {
        var settings = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var rest = uri[(uri.IndexOf("//", StringComparison.Ordinal) + 2)..];
        var (place, query) = Cut(rest, '?');
        var (authority, database) = Cut(place, '/');
        var at = authority.IndexOf('@', StringComparison.Ordinal);
        if (at >= 0)
        {
            var (user, password) = Cut(authority[..at], ':');
            Add("Username", Decode(user));
            Add("Password", Decode(password));
            authority = authority[(at + 1)..];
        }

        if (authority.Contains('@', StringComparison.Ordinal)
            || database.Contains('@', StringComparison.Ordinal)
            || database.Contains('/', StringComparison.Ordinal))
        {
            throw new ConnectionStringException(
                "In a URI, an @, /, ? or % of a user's name or password is written as %40, %2F, %3F or %25.");
        }

        AddHosts(authority.Split(','));
        Add("Database", Decode(database));
        foreach (var parameter in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = Cut(parameter, '=');
            (name, value) = (Decode(name), Decode(value));

            // JDBC and others write ssl=true.
            if (name.Equals("ssl", StringComparison.OrdinalIgnoreCase) && value == "true")
                (name, value) = ("sslmode", "require");
            if (name.Equals("keepalives", StringComparison.OrdinalIgnoreCase))
                value = value == "0" ? "false" : "true";
            Add(Names.GetValueOrDefault(name, name), value);
        }

        return settings;

        void Add(string name, string value)
        {
            if (value.Length > 0)
                settings[name] = value;
        }

        void AddHosts(string[] hosts)
        {
            var places = hosts.Select(PlaceOf).ToArray();
            if (places is [var (host, port)])
            {
                Add("Host", host.Length > 0 ? host : "localhost");
                Add("Port", port);
            }
            else
            {
                Add("Host", string.Join(',', places.Select(TextOf)));
            }
        }
    }

    private static (string Host, string Port) PlaceOf(string text)
    {
        var end = text.StartsWith('[') ? text.IndexOf(']', StringComparison.Ordinal) : -1;
        if (text.StartsWith('[') && end < 0)
            throw new ConnectionStringException("An IPv6 address of the URI has no ] at its end.");
        var colon = text.IndexOf(':', end + 1);
        var host = colon < 0 ? text : text[..colon];
        var port = colon < 0 ? "" : text[(colon + 1)..];
        var isPort = int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number is > 0 and < 65536;
        if (port.Length > 0 && !isPort)
        {
            throw new ConnectionStringException(
                "A port of the URI is no whole number of 1–65535. "
                + "(An @, /, ? or % of a user's name or password is written as %40, %2F, %3F or %25.)");
        }

        return (Decode(end > 0 ? host[1..end] : host), port);
    }

    // The form in which Npgsql takes one of several hosts.
    private static string TextOf((string Host, string Port) place)
    {
        var host = place.Host.Length == 0 ? "localhost"
            : place.Host.Contains(':', StringComparison.Ordinal) ? $"[{place.Host}]"
            : place.Host;
        return place.Port.Length == 0 ? host : $"{host}:{place.Port}";
    }

    private static (string Before, string After) Cut(string text, char separator)
        => text.IndexOf(separator, StringComparison.Ordinal) is >= 0 and var place
            ? (text[..place], text[(place + 1)..])
            : (text, "");

    private static string Decode(string text)
    {
        for (var place = text.IndexOf('%', StringComparison.Ordinal); place >= 0; place = text.IndexOf('%', place + 1))
        {
            if (place + 2 >= text.Length
                || !char.IsAsciiHexDigit(text[place + 1])
                || !char.IsAsciiHexDigit(text[place + 2])
                || text.AsSpan(place + 1, 2) is "00")
            {
                throw new ConnectionStringException(
                    "A % of the URI is not followed by two hexadecimal digits: a % itself is written as %25.");
            }
        }

        return Uri.UnescapeDataString(text);
    }
}
