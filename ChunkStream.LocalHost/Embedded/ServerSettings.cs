using System.Globalization;

namespace ChunkStream.LocalHost.Embedded;

/// <summary>Server settings as options of the postgres command.</summary>
internal static class ServerSettings
{
    // A request that the server refuses is an error at its client; here it would be a line, with its statement, for each
    // bad request of anybody.
    private static readonly Dictionary<string, string> Defaults = new()
    {
        ["log_min_messages"] = "log",
        ["log_min_error_statement"] = "panic",
        ["log_checkpoints"] = "off",
    };

    /// <summary>The options for these settings, and for listening on the port of 127.0.0.1 and nowhere else.</summary>
    /// <exception cref="ArgumentException">A setting would need quotes.</exception>
    public static string Options(int port, IReadOnlyDictionary<string, string> settings)
    {
        // No socket file: its folder would have to be writable for the ordinary user, and its path may be only so long.
        var all = Defaults.Concat(settings).Concat(
        [
            new("listen_addresses", "127.0.0.1"),
            new("port", port.ToString(CultureInfo.InvariantCulture)),
            new("unix_socket_directories", ""),
        ]).ToList();
        foreach (var (name, value) in all)
        {
            // pg_ctl hands them to sh on Unix and to cmd on Windows, which have no quotes in common.
            if (!(name + value).All(c => char.IsAsciiLetterOrDigit(c) || "_.,:/-".Contains(c)))
            {
                throw new ArgumentException(
                    $"The server setting {name} may hold only letters, digits and _.,:/-", nameof(settings));
            }
        }

        // Of a setting that is given twice the last one counts.
        return string.Join(' ', all.Select(setting => $"-c {setting.Key}={setting.Value}"));
    }
}
