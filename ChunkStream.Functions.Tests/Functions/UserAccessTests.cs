using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Functions;

/// <summary>Users of durable streams, through the host and the worker.</summary>
[Collection(RunningFunctionApp.Collection)]
public sealed class UserAccessTests(RunningFunctionApp running)
{
    [Fact]
    public async Task A_user_writes_and_reads_by_the_policy_with_a_token_and_another_does_not()
    {
        await using var issuer = await TokenIssuer.StartAsync();
        var folder = Directory.CreateTempSubdirectory("chunkstream-policy-");
        var policy = Path.Combine(folder.FullName, "streams.policy");
        await File.WriteAllTextAsync(policy, "functions/{sub}/**: read, append, create, close, delete, share");
        await using var app = await running.StartAsync(
        [
            .. issuer.Settings,
            ("ChunkStream:Streams:PublicReading", "false"),
            ("ChunkStream:Streams:PolicyPath", policy),
        ]);
        using var client = RunningFunctionApp.ClientOf(app);
        var (anna, bert) = (issuer.Token("anna"), issuer.Token("bert"));

        Assert.Equal((201, ""), await CallAsync("PUT", anna, "hello"));
        Assert.Equal((204, ""), await CallAsync("POST", anna, " world"));
        Assert.Equal((200, "hello world"), await CallAsync("GET", anna));
        Assert.Equal((200, ""), await CallAsync("HEAD", anna));
        foreach (var method in (string[])["GET", "HEAD", "PUT", "POST", "DELETE"])
            Assert.Equal((method, 403), (method, (await CallAsync(method, bert, "x")).Status));
        await ShareAsync();
        Assert.Equal(401, (await CallAsync("POST", null, "x")).Status);
        Assert.Equal(403, (await CallAsync("GET", null)).Status);
        Assert.Equal((204, ""), await CallAsync("DELETE", anna));
        Assert.Equal(404, (await CallAsync("GET", anna)).Status);
        folder.Delete(recursive: true);

        // What she passes on opens the stream to whoever has the URL, and is in no line of the log.
        async Task ShareAsync()
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/public/capabilities");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", anna);
            request.Content = new StringContent(
                """{"path":"functions/anna/a","operations":["read"],"seconds":60}""");
            using var response = await client.SendAsync(request).Within();
            var made = JsonNode.Parse(await response.Content.ReadAsStringAsync().Within())!;
            Assert.StartsWith(
                new Uri(client.BaseAddress!, "/api/public/streams/functions/anna/a?capability=").ToString(),
                (string?)made["url"]);
            Assert.Equal("hello world", await client.GetStringAsync((string?)made["url"]).Within());
            Assert.NotEmpty(app.Log.All);
            var signature = ((string)made["token"]!).Split('.')[2];
            Assert.DoesNotContain(app.Log.All, line => line.ToString().Contains(signature, StringComparison.Ordinal));
        }

        async Task<(int Status, string Body)> CallAsync(string method, string? token, string? body = null)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), "/api/public/streams/functions/anna/a");
            if (token is not null)
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            if (method is "PUT" or "POST")
                request.Content = new StringContent(body!);
            using var response = await client.SendAsync(request).Within();
            return ((int)response.StatusCode, await response.Content.ReadAsStringAsync().Within());
        }
    }
}
