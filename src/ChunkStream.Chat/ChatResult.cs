using ChunkStream.Chat;
using ChunkStream.Chat.Protocols;
using ChunkStream.Chat.Requests;
using ChunkStream.Chat.Runs;
using ChunkStream.DurableStreams.Recordings;
using ChunkStream.Http;
using ChunkStream.Postgres.Failures;
using ChunkStream.Problems;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ChunkStream;

/// <summary>Answers the requests of a chat: starts or joins an answer, resumes it, stops it.</summary>
internal sealed class ChatResult : IResult
{
    /// <summary>The route's parameter that has the chat's id.</summary>
    public const string IdParameter = "id";

    // The query parameter by which a stop names the answer that it means.
    private const string RunParameter = "run";

    private readonly Func<ChatTurn, CancellationToken, IAsyncEnumerable<ChatResponseUpdate>> _answer;
    private readonly ChatStreamOptions _options;
    private readonly ChatFormat _format;

    /// <param name="answer">Asks the model.</param>
    /// <param name="options">The options that the app gave.</param>
    /// <exception cref="ArgumentException">The name in the options can't be one segment of a path.</exception>
    public ChatResult(
        Func<ChatTurn, CancellationToken, IAsyncEnumerable<ChatResponseUpdate>> answer, ChatStreamOptions options)
    {
        (_answer, _options) = (answer, options);
        _format = options.Protocol is ChatProtocol.AgUi ? ChatFormat.AgUi : ChatFormat.UiMessages;
        RecordingName.CheckCollection(options.Name, nameof(options));
    }

    /// <inheritdoc />
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        IResult result;
        try
        {
            var method = httpContext.Request.Method;
            result = HttpMethods.IsPost(method) ? await BeginAsync(httpContext).ConfigureAwait(false)
                : HttpMethods.IsDelete(method) ? await StopAsync(httpContext).ConfigureAwait(false)
                : await ResumeAsync(httpContext).ConfigureAwait(false);
        }
        catch (Exception e) when (e is ProblemException or System.Data.Common.DbException or TimeoutException)
        {
            result = new RefusedStream(_options.Name, PostgresFailures.Describe(e));
        }

        await result.ExecuteAsync(httpContext).ConfigureAwait(false);
    }

    private async Task<IResult> BeginAsync(HttpContext http)
    {
        var services = http.RequestServices;
        var time = StreamEngine.From(services).Time;
        var body = await ChatBody.ReadAsync(http.Request, _options.MaxRequestBytes, time).ConfigureAwait(false);
        var input = ChatInput.Read(body, _options.Protocol);
        var name = await NameAsync(http, input.ChatId).ConfigureAwait(false);
        var recordings = services.Recordings();
        var run = new ChatRun(
            new ChatTurn(input.ChatId, input.Messages, input.Body, http.User),
            input.AnswerId ?? $"msg-{Guid.CreateVersion7():N}",
            _answer,
            _options,
            services.GetRequiredService<IServiceScopeFactory>(),
            time,
            new ChatLog(services.GetRequiredService<ILogger<ChatRun>>()));
        var answer = run.Recordable(name, input.Subject);
        return Stream(answer, token => recordings.OpenAsync(answer, from: null, token), input.ChatId);
    }

    private async Task<IResult> ResumeAsync(HttpContext http)
    {
        var (id, name) = await NameAsync(http).ConfigureAwait(false);
        var run = await http.RequestServices.Store().FindRunAsync(name, http.RequestAborted).ConfigureAwait(false);

        // A run that is closed has said how it ended, and its app knows it. One that was cut could say it to nobody.
        if (run.Stream is null or { Closed: true })
            return new NothingMoreResult();
        var recordings = http.RequestServices.Recordings();
        return Stream(ChatRun.Shape(name), _ => Task.FromResult(recordings.Read(run)), id);
    }

    private async Task<IResult> StopAsync(HttpContext http)
    {
        var (_, name) = await NameAsync(http).ConfigureAwait(false);
        var asked = http.Request.Query[RunParameter];
        if (asked.Count > 1 || asked is [""])
            throw new ProblemException(ChatProblems.Invalid(
                $"'{RunParameter}' must be the id of one answer. Leave it out to stop whichever is being given."));
        var stop = new ChatStop(http.RequestServices.Store(), StreamEngine.From(http.RequestServices).Time);
        return await stop.RunAsync(name, (string?)asked, http.RequestAborted).ConfigureAwait(false)
            ? new NothingMoreResult()
            : TypedResults.StatusCode(StatusCodes.Status202Accepted);
    }

    private StreamResult Stream(
        RecordableGenerator answer, Func<CancellationToken, Task<IRecordingReader>> open, string id)
    {
        var stream = new OfferedStream(_options.Name, (encoding, cancellation) =>
        {
            var parts = new ChatReplay(new RecordingSource(open, answer, null, encoding, cancellation));
            return _options.Protocol is ChatProtocol.AgUi ? new AgUiSource(parts, new AgUiEvents(id)) : parts;
        });
        return new StreamResult(stream, _format, _format.SetHeaders);
    }

    private async Task<(string Id, RecordingName Name)> NameAsync(HttpContext http)
    {
        var id = ChatKey.FromRoute(http.Request, IdParameter);
        return id is { Length: > 0 and <= ChatKey.MaxLength }
            ? (id, await NameAsync(http, id).ConfigureAwait(false))
            : throw new ProblemException(ChatProblems.Invalid(
                $"The address must name a chat, by an id of 1 to {ChatKey.MaxLength} characters."));
    }

    /// <exception cref="ProblemException">The app does not let the caller use the chat: 403.</exception>
    private async ValueTask<RecordingName> NameAsync(HttpContext http, string id)
    {
        var owner = _options.Owner?.Invoke(http);
        if ((_options.Owner is not null && string.IsNullOrEmpty(owner))
            || (_options.Authorize is { } authorize && !await authorize(http, id).ConfigureAwait(false)))
            throw new ProblemException(ChatProblems.Forbidden);
        return ChatKey.Create(_options.Name, owner, id);
    }
}
