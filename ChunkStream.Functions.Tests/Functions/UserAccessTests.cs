using System.Net.Http.Headers;
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
        await File.WriteAllTextAsync(policy, "functions/{sub}/**: read, append, create, close, delete");
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
        Assert.Equal(401, (await CallAsync("POST", null, "x")).Status);
        Assert.Equal(403, (await CallAsync("GET", null)).Status);
        Assert.Equal((204, ""), await CallAsync("DELETE", anna));
        Assert.Equal(404, (await CallAsync("GET", anna)).Status);
        folder.Delete(recursive: true);

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
