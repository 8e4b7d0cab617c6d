using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream.Functions.Tests.Identity;

/// <summary>Tokens of a real OpenID provider (npm <c>oidc-provider</c>), found by discovery.</summary>
public sealed class OpenIdProviderTests
{
    private const string Audience = "api://notes";

    private readonly int _port = ServerPort.Take();

    [Fact]
    public async Task Its_tokens_hold_also_while_it_is_away_and_after_it_came_back_with_other_keys()
    {
        var folder = await NodeProject.InstalledAsync("ChunkStream.Functions.Tests", "Identity", "Provider");
        await using var api = await PlainApi.StartAsync(
            app => app.MapGet("/me", () => new CallerResult(
                "me", caller => Results.Text($"{caller.Issuer} {caller.Subject} {string.Join(',', caller.Roles)}"))),
            services => services.AddChunkStream().AddIdentity(),
            settings:
            [
                ("ChunkStream:Identity:Issuers:0:Authority", $"http://127.0.0.1:{_port}/"),
                ("ChunkStream:Identity:Issuers:0:Audience", Audience),
                ("ChunkStream:Identity:KeyRefreshSeconds", "1"),
            ]);
        string first;
        await using (await StartAsync(folder))
        {
            first = await TokenAsync(api.Client);
            Assert.Equal((200, $"http://127.0.0.1:{_port} anna reader"), await AskAsync(api, first));
        }

        Assert.Equal(200, (await AskAsync(api, first)).Status);
        await using var again = await StartAsync(folder);
        var second = await TokenAsync(api.Client);

        // The keys are fetched at most once a second.
        await Bounded.Until(async () => (await AskAsync(api, second)).Status == 200, "the new keys are known");
        var (status, body) = await AskAsync(api, first);
        Assert.Equal(401, status);
        Assert.Contains("does not publish", body, StringComparison.Ordinal);
    }

    private async Task<RunningProgram> StartAsync(string folder)
    {
        var provider = RunningProgram.Start("node", ["provider.mjs", $"{_port}", Audience], folder);
        Assert.Equal("ready", await provider.ReadLineAsync(WebProgram.StartLimit));
        return provider;
    }

    private async Task<string> TokenAsync(HttpClient client)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{_port}/token");
        request.Headers.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.ASCII.GetBytes("anna:a-secret-of-the-tests")));
        request.Content = new FormUrlEncodedContent(
            [new("grant_type", "client_credentials"), new("resource", "https://notes.example")]);
        using var response = await client.SendAsync(request).Within();
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return (string)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["access_token"]!;
    }

    private static async Task<(int Status, string Body)> AskAsync(PlainApi api, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/me");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await api.Client.SendAsync(request).Within();
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
