namespace ChunkStream.Chat;

/// <summary>What a chat's clients speak. All protocols serve the same recorded answers.</summary>
public enum ChatProtocol
{
    /// <summary>AI SDK's UI message stream, version 1: what <c>useChat</c> reads (npm <c>ai</c> 7).</summary>
    UiMessages,

    /// <summary>The events of AG-UI 1.0: what its <c>HttpAgent</c> reads (npm <c>@ag-ui/client</c>).</summary>
    AgUi,
}
