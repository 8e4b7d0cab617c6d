namespace ChunkStream.Formats;

/// <summary>What a record that becomes a server-sent event has beside its data. Texts have no line breaks.</summary>
/// <param name="Type">The event's name; null for the default, <c>message</c>.</param>
/// <param name="Id">What a client sends as Last-Event-ID when it connects again.</param>
/// <param name="Retry">How long a client waits before it connects again.</param>
internal readonly record struct EventFields(string? Type, string? Id, TimeSpan? Retry);
