using Microsoft.AspNetCore.Http;

namespace ChunkStream.Chat;

/// <summary>Options of a chat.</summary>
public sealed class ChatStreamOptions
{
    /// <summary>What the clients speak. Default: AI SDK's UI message stream.</summary>
    public ChatProtocol Protocol { get; set; }

    /// <summary>
    /// The collection of the recordings: the answers are the durable streams <c>recordings/{Name}/…</c>. It must be
    /// one segment of a path. It is also the name in logs and metrics. Endpoints that have the same name serve the same
    /// chats, also in different protocols. Default: <c>chat</c>.
    /// </summary>
    public string Name { get; set; } = "chat";

    /// <summary>
    /// Whose chats a request may get at: the id of the user who is signed in, for example. Chats of different owners
    /// never meet, even if their ids are the same. Null from the function refuses the request (403). Default: chats
    /// have no owner, and whoever may call the endpoint and knows a chat's id may read and stop it.
    /// </summary>
    public Func<HttpContext, string?>? Owner { get; set; }

    /// <summary>
    /// Decides whether a request may use a chat, whose id is the second argument; if not, it gets 403. It is asked for
    /// each request, before anything is read or started. Default: every request may.
    /// </summary>
    public Func<HttpContext, string, ValueTask<bool>>? Authorize { get; set; }

    /// <summary>
    /// Says what readers are told of a failure of the model, whose own words may have secrets; null for a failure of
    /// which they may know nothing. Default: they are told that the answer failed, and the log has the rest.
    /// </summary>
    public Func<Exception, string?>? DescribeFailure { get; set; }

    /// <summary>
    /// How long an answer may take, more than 0, at most a day; after that it ends as failed. An answer goes on without
    /// its readers, so this is what ends a model that never does. Default: 10 minutes.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public TimeSpan MaxAnswerDuration
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, TimeSpan.FromDays(1));
            field = value;
        }
    } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How many bytes a request may have, 1 or more: clients send all messages of a chat, with their files. The body is
    /// in memory whole, and so is what is made of it. Default: 16,777,216 (16 MiB).
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public int MaxRequestBytes
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    } = 16 * 1024 * 1024;
}
