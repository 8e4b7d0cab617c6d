using System.Net.ServerSentEvents;
using ChatTokens;
using ChunkStream;
using Microsoft.Extensions.AI;

var builder = WebApplication.CreateBuilder(args);
// In place of the fake: the client of any model that Microsoft.Extensions.AI knows.
builder.Services.AddSingleton<IChatClient, EchoModel>();
builder.Services.AddChunkStream();
var app = builder.Build();

// This one sends text: the tokens join to one answer.
app.MapGet("/chat", (IChatClient model, string ask) => StreamResults.Items(
    cancellation => Answer(model, ask, cancellation).Select(update => update.Text),
    new() { TextLineFeeds = false }));

// This one sends server-sent events with a name, for EventSource's addEventListener("token", ...).
app.MapGet("/chat/events", (IChatClient model, string ask) => StreamResults.Items(
    cancellation => Answer(model, ask, cancellation).Select(update => new SseItem<string>(update.Text, "token"))));

app.Run();

static IAsyncEnumerable<ChatResponseUpdate> Answer(IChatClient model, string ask, CancellationToken cancellation)
    => model.GetStreamingResponseAsync([new ChatMessage(ChatRole.User, ask)], options: null, cancellation);
