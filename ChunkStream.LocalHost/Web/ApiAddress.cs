namespace ChunkStream.LocalHost.Web;

/// <summary>Where this machine reaches the endpoints.</summary>
internal static class ApiAddress
{
    /// <summary>The address that the routes follow, without a slash at its end.</summary>
    public static string For(string host, int port) =>
        $"http://{host}:{port}/{HostJson.RoutePrefix}".TrimEnd('/');
}
