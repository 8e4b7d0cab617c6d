using System.Text.Json;
using System.Text.Json.Serialization;

namespace ChunkStream.Chat.Protocols;

/// <summary>How parts and events become JSON, without reflection. A member that is null is left out.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(UiChunk))]
[JsonSerializable(typeof(AgUiEvent))]
internal sealed partial class ChatJson : JsonSerializerContext;
