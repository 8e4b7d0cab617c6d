using ChunkStream.Problems;

namespace ChunkStream.Chat;

/// <summary>Every problem of chats, beside those of recordings.</summary>
internal static class ChatProblems
{
    /// <summary>The request can't be read. 400.</summary>
    public static Problem Invalid(string detail) => new("urn:chunkstream:invalid-chat", "Invalid chat", 400, detail);

    /// <summary>The app does not let the caller use the chat. 403.</summary>
    public static Problem Forbidden { get; } = Problem.Forbidden("You may not use this chat.");
}
