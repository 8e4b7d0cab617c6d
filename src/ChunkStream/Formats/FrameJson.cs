using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ChunkStream.Problems;

namespace ChunkStream.Formats;

/// <summary>
/// The JSON of schema, end, error and heartbeat, on one line and without reflection. A stream has only a few of them.
/// </summary>
[JsonSerializable(typeof(StreamSchema))]
[JsonSerializable(typeof(StreamEnd))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(DateTimeOffset))]
internal sealed partial class FrameJson : JsonSerializerContext
{
    private static readonly FrameJson Readable = new(new JsonSerializerOptions
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    public static void Write(ByteWriter output, StreamSchema schema) => Write(output, schema, Readable.StreamSchema);

    public static void Write(ByteWriter output, StreamEnd end) => Write(output, end, Readable.StreamEnd);

    public static void Write(ByteWriter output, Problem problem) => Write(output, problem, Readable.Problem);

    public static void Write(ByteWriter output, DateTimeOffset time) => Write(output, time, Readable.DateTimeOffset);

    private static void Write<T>(ByteWriter output, T value, JsonTypeInfo<T> typeInfo)
        => output.Write(JsonSerializer.SerializeToUtf8Bytes(value, typeInfo));
}
