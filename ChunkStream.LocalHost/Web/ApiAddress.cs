namespace ChunkStream.LocalHost.Web;

/// <summary>The URL by which this machine reaches the endpoints.</summary>
internal static class ApiAddress
{
    /// <summary>Returns what comes before each route in a URL, without a slash at its end.</summary>
    public static string For(string host, int port) =>
        $"http://{host}:{port}/{HostJson.RoutePrefix}".TrimEnd('/');
}
