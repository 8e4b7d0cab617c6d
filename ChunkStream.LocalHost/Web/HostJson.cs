namespace ChunkStream.LocalHost.Web;

/// <summary>What the web host takes from the function app's host.json, which is copied beside the program.</summary>
internal static class HostJson
{
    // What the Functions host takes where host.json says nothing.
    private const string DefaultRoutePrefix = "api";

    /// <summary>Where it is; it need not be there.</summary>
    public static string File { get; } = Path.Combine(AppContext.BaseDirectory, "host.json");

    /// <summary>What every route starts with, without slashes around it; may be empty.</summary>
    public static string RoutePrefix { get; } =
        new ConfigurationBuilder().AddJsonFile(File, optional: true).Build()["extensions:http:routePrefix"]?.Trim('/')
        ?? DefaultRoutePrefix;
}
