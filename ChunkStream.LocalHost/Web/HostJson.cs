using System.Text.Json;

namespace ChunkStream.LocalHost.Web;

/// <summary>What the web host takes from the function app's host.json, which is copied beside the program.</summary>
internal static class HostJson
{
    // What the Functions host takes where host.json says nothing.
    private const string DefaultRoutePrefix = "api";

    private static readonly JsonDocumentOptions Lenient = new()
    {
        AllowTrailingCommas = true,
        CommentHandling = JsonCommentHandling.Skip,
    };

    /// <summary>What every route starts with, without slashes around it; may be empty.</summary>
    public static string RoutePrefix { get; } = ReadRoutePrefix(Path.Combine(AppContext.BaseDirectory, "host.json"));

    /// <summary>Reads extensions.http.routePrefix.</summary>
    public static string ReadRoutePrefix(string path)
    {
        if (!File.Exists(path))
            return DefaultRoutePrefix;

        using var document = JsonDocument.Parse(File.ReadAllBytes(path), Lenient);
        var at = document.RootElement;
        foreach (var name in new[] { "extensions", "http", "routePrefix" })
        {
            if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(name, out at))
                return DefaultRoutePrefix;
        }

        return at.GetString()?.Trim('/') ?? DefaultRoutePrefix;
    }
}
