using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ChunkStream.Functions.Starting;

/// <summary>
/// What the libraries below say of every request and every command is not logged, as in the local host: it would be
/// several lines for each stream, with the SQL text of queries. The levels in host.json are for what the Functions host
/// passes on, and not for what this process makes, sends to it, and exports.
/// </summary>
internal static class LogLevels
{
    private static readonly string[] FromWarningOn = ["Microsoft.AspNetCore", "Npgsql"];

    /// <summary>
    /// Sets the levels. What the configuration says of the same categories (<c>Logging__LogLevel__Npgsql</c>) wins.
    /// </summary>
    public static void Set(IServiceCollection services) => services.Configure<LoggerFilterOptions>(filter =>
    {
        // Of rules for the same category the last one counts, and those of the configuration are there already.
        foreach (var category in FromWarningOn)
            filter.Rules.Insert(0, new LoggerFilterRule(null, category, LogLevel.Warning, null));
    });
}
