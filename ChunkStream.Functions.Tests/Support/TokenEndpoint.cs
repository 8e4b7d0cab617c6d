using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>
/// The endpoint from which an app on Azure gets the tokens of its managed identity, as App Service has it: Azure's own
/// code asks it, and Postgres takes the token as a password.
/// </summary>
internal sealed class TokenEndpoint : IAsyncDisposable
{
    private const string Secret = "only-for-this-app";

    private readonly PlainApi _api;

    private TokenEndpoint(PlainApi api) => _api = api;

    /// <summary>The token that it gives now; null if it refuses.</summary>
    public string? Token { get; set; }

    /// <summary>How long the tokens that it gives now are valid.</summary>
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromHours(24);

    /// <summary>What it was asked for: resource and client id, in order.</summary>
    public ConcurrentQueue<(string Resource, string? Client)> Asked { get; } = new();

    /// <summary>How a process finds it.</summary>
    public (string Name, string Value)[] Environment =>
    [
        ("IDENTITY_ENDPOINT", new Uri(_api.Client.BaseAddress!, "/msi/token").ToString()), ("IDENTITY_HEADER", Secret),
    ];

    public static async Task<TokenEndpoint> StartAsync()
    {
        TokenEndpoint? endpoint = null;
        var api = await PlainApi.StartAsync(
            app => app.MapGet("/msi/token", (HttpRequest request) => endpoint!.Answer(request)));
        return endpoint = new TokenEndpoint(api);
    }

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    private IResult Answer(HttpRequest request)
    {
        Asked.Enqueue((request.Query["resource"].ToString(), request.Query["client_id"]));
        if (Token is not { } token || request.Headers["X-IDENTITY-HEADER"] != Secret)
            return Results.BadRequest();
        return Results.Json(new
        {
            access_token = token,
            expires_on = $"{(TimeProvider.System.GetUtcNow() + Lifetime).ToUnixTimeSeconds()}",
            resource = request.Query["resource"].ToString(),
            token_type = "Bearer",
        });
    }
}
