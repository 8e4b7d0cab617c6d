using System.Text;
using System.Text.Json;

namespace ChunkStream.Benchmarks.Micro;

/// <summary>A record of usual size, like a row of the benchmarks' table.</summary>
internal static class Records
{
    /// <summary>The record as JSON.</summary>
    public static byte[] Json { get; } = Encoding.UTF8.GetBytes(
        """
        {"id":123456,"quantity":464,"price":8254.24,"ratio":0.16281,
        """
        + """
        "description":"5\" nut 123456, \"naïve\"","active":false,
        """
        + """
        "note":"it's note 72","created_at":"2026-01-02T18:52:00+00:00","attributes":{"size": 6, "color": "red"}}
        """);

    /// <summary>The same as a document, for the framework's writer.</summary>
    public static JsonElement Element { get; } = JsonElement.Parse(Json);
}
