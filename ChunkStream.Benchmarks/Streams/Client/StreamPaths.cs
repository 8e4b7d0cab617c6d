using System.Text;
using ChunkStream.Benchmarks.E2e.Client;

namespace ChunkStream.Benchmarks.Streams.Client;

/// <summary>Operations on whole streams.</summary>
internal static class StreamPaths
{
    public const string Json = "application/json";

    public const string Binary = "application/octet-stream";

    /// <summary>Creates a new stream below a server's root, and gives its path.</summary>
    public static string Create(KeepAliveConnection connection, string root, string contentType)
    {
        var path = $"{root}bench-{Guid.NewGuid():N}";
        connection.Exchange(KeepAliveConnection.Request("PUT", path, contentType));
        return path;
    }

    /// <summary>Reads a stream from its start to its current end, with as many requests as that takes.</summary>
    public static void ReadAll(KeepAliveConnection connection, string path, IBodySink sink)
    {
        for (var offset = "-1"; ;)
        {
            var head = connection.Exchange(KeepAliveConnection.Request("GET", $"{path}?offset={offset}"), sink);
            if (AnswerHead.Value(head, "stream-up-to-date: "u8) is not [])
                return;
            offset = Encoding.ASCII.GetString(AnswerHead.Value(head, "stream-next-offset: "u8));
        }
    }

    /// <summary>The request that follows a stream from its end on.</summary>
    public static byte[] Follow(string path) => KeepAliveConnection.Request("GET", $"{path}?offset=now&live=sse");
}
