using System.Data.Common;
using Npgsql;

namespace ChunkStream.Postgres.Connections;

/// <summary>
/// Reads <c>ConnectionStrings:Postgres</c>, which is written as Npgsql has it (<c>Host=…;Username=…</c>) or as a URI
/// (<c>postgres://…</c>).
/// </summary>
/// <remarks>
/// No message repeats anything of the text but names of settings that Npgsql has: what looks like an unknown name may
/// be a part of a password with a semicolon or an @ in it.
/// </remarks>
public static class ConnectionString
{
    // Half of what a Postgres server takes by default, so that two instances find room.
    internal const int DefaultPoolSize = 50;

    private const string Example =
        "\"Host=localhost;Username=me;Password=secret;Database=mine\" or \"postgres://me:secret@localhost/mine\"";

    /// <summary>Reads a connection string, and forces the settings that have only one right value.</summary>
    /// <exception cref="ConnectionStringException">It can't be read. The message may be shown.</exception>
    public static NpgsqlConnectionStringBuilder Read(string text)
    {
        var settings = new NpgsqlConnectionStringBuilder();
        var mistakes = new List<string>();
        var number = 0;
        foreach (var (name, value) in Pairs(text.Trim()))
        {
            number++;
            if (Mistake(settings, name, value) is { } mistake)
                mistakes.Add(mistake(number));
        }

        if (mistakes.Count == 0 && string.IsNullOrEmpty(settings.Host))
            mistakes.Add("'Host' is missing");
        if (mistakes.Count == 0 && settings.MinPoolSize > settings.MaxPoolSize)
            mistakes.Add("'Minimum Pool Size' is above 'Maximum Pool Size'");
        if (mistakes.Count == 0 && settings.Host!.Contains('@', StringComparison.Ordinal))
            mistakes.Add("'Host' has an @ in it: an @ in a user's name or password is written as %40 in a URI");
        if (mistakes.Count > 0)
            throw new ConnectionStringException($"{string.Join("; ", mistakes)}. An example: {Example}.");
        ConnectionSettings.Force(settings);
        return settings;
    }

    /// <summary>How many connections the pool of the queries has at most.</summary>
    public static int PoolSizeOf(NpgsqlConnectionStringBuilder settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return ConnectionSettings.IsGiven(settings, "Maximum Pool Size")
            ? settings.MaxPoolSize
            : Math.Max(DefaultPoolSize, settings.MinPoolSize);
    }

    private static Dictionary<string, string> Pairs(string text)
    {
        if (PostgresUri.IsOne(text))
            return PostgresUri.Read(text);

        try
        {
            var given = new DbConnectionStringBuilder { ConnectionString = text };
            var pairs = new Dictionary<string, string>();
            foreach (string name in given.Keys)
                pairs.Add(name, given[name].ToString()!);
            return pairs;
        }
        catch (ArgumentException)
        {
            throw new ConnectionStringException(
                "It is not a list of Name=Value with ; between them (a value with ; or = in it is put in \"quotes\"), "
                + $"and no URI. An example: {Example}.");
        }
    }

    // Null if there is no mistake. Otherwise it gives the message for the setting with a given number, because a
    // setting whose name is not known is called by its number.
    private static Func<int, string>? Mistake(NpgsqlConnectionStringBuilder settings, string name, string value)
    {
        try
        {
            if (!settings.ContainsKey(name))
            {
                return number => $"the setting no. {number} has a name that is not known{Suggestion(name)} "
                    + "(a value with ; in it, such as a password, is put in \"quotes\")";
            }
        }
        catch (ArgumentException)
        {
            return number => $"the setting no. {number} has no name";
        }

        try
        {
            settings[name] = ConnectionSettings.IsChoice(settings, name)
                ? value.Replace("-", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal)
                : value;
            return null;
        }
        catch (Exception refusal) when (refusal is ArgumentException or FormatException or OverflowException
            or InvalidCastException or NotSupportedException or InvalidOperationException)
        {
            var rule = ConnectionSettings.Allowed(name) is { } allowed ? $": it is {allowed}" : "";
            return _ => $"'{ConnectionSettings.NameOf(name)}' can't have the value that it is given{rule}";
        }
    }

    // Where a name differs from a known one by a typing mistake, the known one is suggested.
    private static string Suggestion(string name)
    {
        var near = ConnectionSettings.Names
            .Select(known => (Name: known, Distance: Distance(Plain(known), Plain(name))))
            .MinBy(known => known.Distance);
        return near.Distance <= 2 ? $": is '{near.Name}' meant?" : "";

        static string Plain(string name)
            => name.Replace(" ", "", StringComparison.Ordinal)
                .Replace("_", "", StringComparison.Ordinal)
                .ToUpperInvariant();
    }

    private static int Distance(string left, string right)
    {
        if (left.Length > 64 || right.Length > 64)
            return int.MaxValue;
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var corner = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var replaced = corner + (left[i - 1] == right[j - 1] ? 0 : 1);
                (corner, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, replaced));
            }
        }

        return row[^1];
    }
}

/// <summary>The connection string can't be read. The message holds nothing of it but names of settings.</summary>
public sealed class ConnectionStringException(string message) : ArgumentException(message);
