namespace ChunkStream.LocalHost.Web;

/// <summary>What the web host takes from the function app's host.json, which is copied beside the program.</summary>
internal static class HostJson
{
    // The Functions host's own default.
    private const string DefaultRoutePrefix = "api";

    /// <summary>The file's path; the file need not exist.</summary>
    public static string File { get; } = Path.Combine(AppContext.BaseDirectory, "host.json");

    /// <summary>The prefix of every route, without slashes around it; may be empty.</summary>
    public static string RoutePrefix { get; } =
        new ConfigurationBuilder().AddJsonFile(File, optional: true).Build()["extensions:http:routePrefix"]?.Trim('/')
        ?? DefaultRoutePrefix;

    /// <summary>The path of a route, from the server's root on.</summary>
    public static string PathOf(string route) => PathOf(RoutePrefix, route);

    /// <summary>The path of a route under a prefix, which may be empty.</summary>
    internal static string PathOf(string prefix, string route)
        => prefix.Length == 0 ? $"/{route}" : $"/{prefix}/{route}";
}
