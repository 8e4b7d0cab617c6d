using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>An issuer of access tokens that publishes its keys, and nothing else, on a real loopback socket.</summary>
internal sealed class TokenIssuer : IAsyncDisposable
{
    public const string Name = "https://issuer.example";
    public const string Audience = "api://notes";

    private readonly PlainApi _api;
    private int _fetches;

    private TokenIssuer(PlainApi api) => _api = api;

    /// <summary>The key with which it signs.</summary>
    public TokenKey Key { get; private set; } = TokenKey.Rsa("first");

    /// <summary>Another key that it publishes.</summary>
    public TokenKey Other { get; } = TokenKey.Ec("other");

    /// <summary>Whether its address answers with an error.</summary>
    public bool IsDown { get; set; }

    /// <summary>Whether its address takes requests, and does not answer them until this is false again.</summary>
    public bool IsHanging { get; set; }

    /// <summary>How often its keys were asked for.</summary>
    public int Fetches => _fetches;

    /// <summary>Where its keys are.</summary>
    public string JwksUri => new Uri(_api.Client.BaseAddress!, "/keys").ToString();

    /// <summary>The settings of an app that trusts it.</summary>
    public (string Key, string Value)[] Settings =>
    [
        ("ChunkStream:Identity:Issuers:0:JwksUri", JwksUri),
        ("ChunkStream:Identity:Issuers:0:Issuer", Name),
        ("ChunkStream:Identity:Issuers:0:Audience", $"{Audience}, api://more"),
    ];

    public static async Task<TokenIssuer> StartAsync()
    {
        TokenIssuer? issuer = null;
        var api = await PlainApi.StartAsync(app => app.MapGet("/keys", () => issuer!.AnswerAsync()));
        return issuer = new TokenIssuer(api);
    }

    /// <summary>From now on it signs with another key, and has forgotten the one before.</summary>
    public void ChangeKey(string id)
    {
        // A request for the keys, which may come at any time, never meets one that is disposed.
        var before = Key;
        Key = TokenKey.Rsa(id);
        before.Dispose();
    }

    /// <summary>A token that holds for a minute, but for what a test changes.</summary>
    public string Token(
        string subject = "anna", Action<JsonObject>? claims = null, Action<JsonObject>? header = null,
        TokenKey? key = null, string algorithm = "RS256")
    {
        key ??= Key;
        var first = new JsonObject { ["alg"] = algorithm, ["typ"] = "at+jwt", ["kid"] = key.Id };
        header?.Invoke(first);
        var payload = new JsonObject
        {
            ["iss"] = Name,
            ["aud"] = Audience,
            ["sub"] = subject,
            ["exp"] = In(60),
            ["roles"] = new JsonArray("reader"),
        };
        claims?.Invoke(payload);
        return key.Token(first.ToJsonString(), payload.ToJsonString(), algorithm);
    }

    /// <summary>A time from now, as tokens have it.</summary>
    public static long In(double seconds) => TimeProvider.System.GetUtcNow().AddSeconds(seconds).ToUnixTimeSeconds();

    public async ValueTask DisposeAsync()
    {
        await _api.DisposeAsync();
        Key.Dispose();
        Other.Dispose();
    }

    private async Task<IResult> AnswerAsync()
    {
        Interlocked.Increment(ref _fetches);
        while (IsHanging)
            await Task.Delay(20);
        return IsDown
            ? Results.StatusCode(500)
            : Results.Text(
                new JsonObject { ["keys"] = new JsonArray(Key.Jwk(), Other.Jwk()) }.ToJsonString(), "application/json");
    }
}
