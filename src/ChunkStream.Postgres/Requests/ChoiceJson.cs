using System.Text.Json.Serialization;

namespace ChunkStream.Postgres.Requests;

/// <summary>The JSON of a list of texts, without reflection.</summary>
[JsonSerializable(typeof(string[]))]
internal sealed partial class ChoiceJson : JsonSerializerContext;
