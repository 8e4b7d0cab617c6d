using System.Globalization;

namespace ChunkStream.LocalHost.Embedded;

/// <summary>Writes server settings as options of the postgres command.</summary>
internal static class ServerSettings
{
    // The client hears of a statement that the server refuses. The log would get a line with the statement for each of
    // them, whoever sent it, so these settings keep them out.
    private static readonly Dictionary<string, string> Defaults = new()
    {
        ["log_min_messages"] = "log",
        ["log_min_error_statement"] = "panic",
        ["log_checkpoints"] = "off",
    };

    /// <summary>Returns the options for these settings, and for listening on this port of 127.0.0.1 alone.</summary>
    /// <exception cref="ArgumentException">A setting would need quotes.</exception>
    public static string Options(int port, IReadOnlyDictionary<string, string> settings)
    {
        // There is no socket file: the ordinary user would have to be able to write its folder, and its path must be
        // short.
        var all = Defaults.Concat(settings).Concat(
        [
            new("listen_addresses", "127.0.0.1"),
            new("port", port.ToString(CultureInfo.InvariantCulture)),
            new("unix_socket_directories", ""),
        ]).ToList();
        foreach (var (name, value) in all)
        {
            // pg_ctl passes the options to sh on Unix and to cmd on Windows, and no kind of quotes works in both.
            if (!(name + value).All(c => char.IsAsciiLetterOrDigit(c) || "_.,:/-".Contains(c)))
            {
                throw new ArgumentException(
                    $"The server setting {name} may hold only letters, digits and _.,:/-", nameof(settings));
            }
        }

        // Where a setting is given twice, Postgres takes the last one.
        return string.Join(' ', all.Select(setting => $"-c {setting.Key}={setting.Value}"));
    }
}
