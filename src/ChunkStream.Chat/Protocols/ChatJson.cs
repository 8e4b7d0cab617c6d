using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ChunkStream.Chat.Protocols;

/// <summary>How parts and events become JSON, without reflection.</summary>
[JsonSerializable(typeof(UiChunk))]
[JsonSerializable(typeof(AgUiEvent))]
internal sealed partial class ChatJson : JsonSerializerContext
{
    /// <summary>
    /// Leaves out members that are null, and has all characters as they are: the JSON is data of an event, and never a
    /// part of a page.
    /// </summary>
    public static ChatJson Readable { get; } = new(new JsonSerializerOptions(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
