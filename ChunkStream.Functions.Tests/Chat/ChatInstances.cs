using System.Text.Json.Nodes;
using ChunkStream.Chat;
using ChunkStream.Functions.Tests.DurableStreams;
using ChunkStream.Functions.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream.Functions.Tests.Chat;

/// <summary>Two instances of an app that has a chat with a scripted model, over one database.</summary>
internal sealed class ChatInstances : IAsyncDisposable
{
    public const string Url = "/api/chat";
    public const string AgUiUrl = "/api/agent";

    private ChatInstances(ScriptedModel model, PlainApi one, PlainApi other)
        => (Model, One, Other) = (model, one, other);

    public ScriptedModel Model { get; }

    public PlainApi One { get; }

    public PlainApi Other { get; }

    public PlainApi[] Both => [One, Other];

    /// <summary>A chat that no other test has.</summary>
    public string Id { get; } = $"chat-{Guid.NewGuid():N}";

    public static async Task<ChatInstances> StartAsync(
        string connectionString,
        ScriptedModel? model = null,
        Action<ChatStreamOptions>? configure = null,
        params (string Key, string Value)[] settings)
    {
        model ??= new();
        return new ChatInstances(model, await StartOneAsync(), await StartOneAsync());

        Task<PlainApi> StartOneAsync() => PlainApi.StartAsync(
            app =>
            {
                foreach (var (url, protocol) in new[] { (Url, ChatProtocol.UiMessages), (AgUiUrl, ChatProtocol.AgUi) })
                {
                    var options = new ChatStreamOptions { Protocol = protocol };
                    configure?.Invoke(options);
                    app.MapChat(url, model.Answer, options);
                }
            },
            services => services.AddChunkStream().AddDurableStreams(),
            settings: [("ConnectionStrings:Postgres", connectionString), .. settings]);
    }

    /// <summary>A request of AI SDK's for an answer to a message.</summary>
    public Task<HttpResponseMessage> AskAsync(PlainApi api, string text = "Why?", string? id = null)
        => PostAsync(api, Url, UiBody(id ?? Id, text));

    public Task<HttpResponseMessage> ResumeAsync(PlainApi api, string? id = null, string url = Url)
        => api.GetAsync(StreamUrl(id ?? Id, url));

    public Task<HttpResponseMessage> StopAsync(PlainApi api, string query = "", string url = Url)
        => api.Client.DeleteAsync(new Uri(StreamUrl(Id, url) + query, UriKind.Relative)).Within();

    /// <summary>Where a chat's answer is, as clients make it of the chat's address and id.</summary>
    public static string StreamUrl(string id, string url = Url)
        => string.Join('/', url, Uri.EscapeDataString(id), "stream");

    public static string UiBody(string id, string text)
        => new JsonObject
        {
            ["id"] = id,
            ["trigger"] = "submit-message",
            ["messages"] = new JsonArray(new JsonObject
            {
                ["id"] = text,
                ["role"] = "user",
                ["parts"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text }),
            }),
        }.ToJsonString();

    public static string AgUiBody(string id, string text, string runId)
        => new JsonObject
        {
            ["threadId"] = id,
            ["runId"] = runId,
            ["messages"] = new JsonArray(new JsonObject { ["id"] = text, ["role"] = "user", ["content"] = text }),
        }.ToJsonString();

    public static async Task<HttpResponseMessage> PostAsync(
        PlainApi api, string url, string body, string contentType = "application/json")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url)
        {
            Content = new StringContent(body, System.Text.Encoding.UTF8, contentType),
        };
        return await api.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).Within();
    }

    /// <summary>The data of a whole response's events. Fails unless the response ends cleanly.</summary>
    public static async Task<string[]> DataAsync(HttpResponseMessage response)
    {
        using (response)
        {
            Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}");
            return [.. SseReader.Events(await response.Content.ReadAsStringAsync().Within()).Select(one => one.Data)];
        }
    }

    /// <summary>The text that the parts or events of a response add up to.</summary>
    public static string Text(IEnumerable<string> data)
        => string.Concat(data.Where(one => one.StartsWith('{'))
            .Select(one => JsonNode.Parse(one)!)
            .Where(one => (string?)one["type"] is "text-delta" or "TEXT_MESSAGE_CONTENT")
            .Select(one => (string?)one["delta"]));

    /// <summary>How an answer ended, as its last parts say.</summary>
    public static string? Outcome(IEnumerable<string> data)
        => data.Where(one => one.StartsWith("{\"type\":\"data-end\"", StringComparison.Ordinal))
            .Select(one => JsonNode.Parse(one)!["data"]!["outcome"]!.GetValue<string>()).SingleOrDefault();

    public async ValueTask DisposeAsync()
    {
        await One.DisposeAsync();
        await Other.DisposeAsync();
    }
}
