using ChunkStream.Problems;
using Microsoft.Extensions.Logging;

namespace ChunkStream.Chat;

/// <summary>Every log event of chats.</summary>
internal sealed partial class ChatLog(ILogger logger)
{
    /// <summary>The model, or the app's code around it, has failed. Readers are not told why.</summary>
    public void AnswerFailed(string chat, Exception failure)
    {
        var (cause, unexpected) = Cause.ForLog(failure);
        AnswerFailed(chat, cause, unexpected);
    }

    /// <summary>What the app does when an answer ends has failed, so that it may not have saved it.</summary>
    public void EndFailed(string chat, Exception failure)
    {
        var (cause, unexpected) = Cause.ForLog(failure);
        EndFailed(chat, cause, unexpected);
    }

    /// <summary>The model goes on although it was told to stop.</summary>
    [LoggerMessage(EventId = 81, EventName = "ChatAnswerNotReleased", Level = LogLevel.Warning,
        Message = "An answer of {Chat} was ended, but the model goes on: it should heed its token")]
    public partial void AnswerNotReleased(string chat);

    [LoggerMessage(EventId = 80, EventName = "ChatAnswerFailed", Level = LogLevel.Error,
        Message = "An answer of {Chat} failed{Cause}")]
    private partial void AnswerFailed(string chat, string cause, Exception? failure);

    [LoggerMessage(EventId = 82, EventName = "ChatAnswerEndFailed", Level = LogLevel.Error,
        Message = "What the app does at the end of an answer of {Chat} failed: the answer may not be saved{Cause}")]
    private partial void EndFailed(string chat, string cause, Exception? failure);
}
