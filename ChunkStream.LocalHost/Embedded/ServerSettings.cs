using System.Globalization;

namespace ChunkStream.LocalHost.Embedded;

/// <summary>Server settings as options of the postgres command.</summary>
internal static class ServerSettings
{
    /// <summary>The options for these settings, and for listening on the port of 127.0.0.1 and nowhere else.</summary>
    /// <exception cref="ArgumentException">A setting would need quotes.</exception>
    public static string Options(int port, IReadOnlyDictionary<string, string> settings)
    {
        // No socket file: its folder would have to be writable for the ordinary user, and its path may be only so long.
        var all = new Dictionary<string, string>(settings)
        {
            ["listen_addresses"] = "127.0.0.1",
            ["port"] = port.ToString(CultureInfo.InvariantCulture),
            ["unix_socket_directories"] = "",
        };
        foreach (var (name, value) in all)
        {
            // pg_ctl hands them to sh on Unix and to cmd on Windows, which have no quotes in common.
            if (!(name + value).All(c => char.IsAsciiLetterOrDigit(c) || "_.,:/-".Contains(c)))
            {
                throw new ArgumentException(
                    $"The server setting {name} may hold only letters, digits and _.,:/-", nameof(settings));
            }
        }

        return string.Join(' ', all.Select(setting => $"-c {setting.Key}={setting.Value}"));
    }
}
