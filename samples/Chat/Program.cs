using ChatSample;
using ChunkStream.Chat;
using Microsoft.Extensions.AI;

var builder = WebApplication.CreateBuilder(args);
// In place of the fake: the client of any model that Microsoft.Extensions.AI knows.
builder.Services.AddSingleton<IChatClient, CountingModel>();
// Answers are recorded in the database of ConnectionStrings__Postgres, so that any instance can go on with them.
builder.Services.AddChunkStream().AddDurableStreams();
var app = builder.Build();
app.UseDefaultFiles();
app.UseStaticFiles();

// For AI SDK's useChat, and for AG-UI's HttpAgent: the same chats.
app.MapChat("/api/chat", Answer);
app.MapChat("/api/agent", Answer, new() { Protocol = ChatProtocol.AgUi });

app.Run();

static IAsyncEnumerable<ChatResponseUpdate> Answer(ChatTurn turn, CancellationToken cancellation)
    => turn.Services.GetRequiredService<IChatClient>()
        .GetStreamingResponseAsync(turn.Messages, options: null, cancellation);
