namespace ChunkStream.Formats;

/// <summary>The fields of a server-sent event other than its data. None of them contains a line break.</summary>
/// <param name="Type">The event's name; null for the default, <c>message</c>.</param>
/// <param name="Id">The id that a client sends as Last-Event-ID when it connects again; null for none.</param>
/// <param name="Retry">How long a client waits before it connects again; null for no change.</param>
internal readonly record struct EventFields(string? Type, string? Id, TimeSpan? Retry);
