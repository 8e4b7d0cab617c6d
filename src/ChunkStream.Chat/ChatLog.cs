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

    /// <summary>The model goes on although it was told to stop.</summary>
    [LoggerMessage(EventId = 81, EventName = "ChatAnswerNotReleased", Level = LogLevel.Warning,
        Message = "An answer of {Chat} was ended, but the model goes on: it should heed its token")]
    public partial void AnswerNotReleased(string chat);

    [LoggerMessage(EventId = 80, EventName = "ChatAnswerFailed", Level = LogLevel.Error,
        Message = "An answer of {Chat} failed{Cause}")]
    private partial void AnswerFailed(string chat, string cause, Exception? failure);
}
