using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ChunkStream.Functions.Tests.Identity.Requests;

/// <summary>What requests say of their caller, on a real socket, with an issuer that has nothing but keys.</summary>
public sealed class RequestCallersTests : IAsyncLifetime
{
    // What Microsoft.IdentityModel tells by itself, to whoever listens in the process.
    private readonly RecordedEvents _events = new("Microsoft.IdentityModel.EventSource");
    private TokenIssuer _issuer = null!;
    private PlainApi _api = null!;

    /// <summary>Tokens that do not hold, and what is said of each.</summary>
    public static TheoryData<string, string> Attacks => new()
    {
        { "forged", "signature of the access token is wrong" },
        { "forged claims", "signature of the access token is wrong" },
        { "expired", "has expired" },
        { "not yet valid", "not valid yet" },
        { "ends before it begins", "has expired" },
        { "none", "algorithm" },
        { "none without signature", "algorithm" },
        { "public key as secret", "algorithm" },
        { "algorithm in other case", "algorithm" },
        { "wrong audience", "another audience" },
        { "no audience", "another audience" },
        { "wrong issuer", "issuer (iss)" },
        { "no issuer", "issuer (iss)" },
        { "swapped kid", "signature of the access token is wrong" },
        { "unknown kid", "key that its issuer does not publish" },
        { "embedded key", "key that its issuer does not publish" },
        { "critical extension", "'crit'" },
        { "nested", "another token in it" },
        { "encrypted", "encrypted" },
        { "no subject", "(sub)" },
        { "empty subject", "(sub)" },
        { "subject that is no text", "(sub)" },
        { "no expiry", "(exp)" },
        { "expiry that is no number", "not a JWT" },
        { "oversized", "more than 16384 characters" },
        { "garbage", "not a JWT" },
        { "three garbage parts", "not a JWT" },
        { "payload that is no object", "not a JWT" },
        { "two tokens", "not a JWT" },
        { "nothing", "no token" },
        { "claim twice", "has a claim twice" },
        { "null character in a claim", "one with a null character" },
        { "half a surrogate pair", "not a JWT" },
    };

    public async Task InitializeAsync()
    {
        _issuer = await TokenIssuer.StartAsync();
        _api = await PlainApi.StartAsync(
            app => app.MapGet("/me", () => new CallerResult(
                "me",
                caller => Results.Text(
                    $"{caller.Issuer}|{caller.Subject}|{string.Join(',', caller.Roles.Order())}|"
                    + $"{caller.Expires?.ToUnixTimeSeconds()}|{caller.Claims.GetRawText()}"))),
            services => services.AddChunkStream().AddIdentity(),
            settings:
            [
                .. _issuer.Settings,
                ("ChunkStream:Identity:RoleClaims", "roles, realm_access.roles"),
                ("Logging:LogLevel:Default", "Trace"),
            ]);
    }

    public async Task DisposeAsync()
    {
        await _api.DisposeAsync();
        await _issuer.DisposeAsync();
        _events.Dispose();
    }

    [Fact]
    public async Task A_token_of_a_trusted_issuer_says_who_is_calling()
    {
        var token = _issuer.Token("anna", claims =>
        {
            claims["aud"] = new JsonArray("api://else", "api://more");
            claims["realm_access"] = new JsonObject { ["roles"] = new JsonArray("writer") };
        });

        var parts = (await TextAsync("Bearer " + token)).Split('|', 5);

        Assert.Equal([TokenIssuer.Name, "anna", "reader,writer"], parts[..3]);
        var claims = JsonNode.Parse(parts[4])!;
        Assert.Equal((string)parts[3], (string)claims["exp"]!.ToJsonString());
        Assert.Equal("anna", (string?)claims["sub"]);
        AssertNothingIsToldOf(token, "anna");
    }

    [Theory]
    [InlineData("RS512")]
    [InlineData("PS256")]
    [InlineData("ES256")]
    public async Task Each_kind_of_asymmetric_key_holds(string algorithm)
    {
        var key = algorithm == "ES256" ? _issuer.Other : _issuer.Key;

        Assert.Contains("|anna|", await TextAsync("bearer   " + _issuer.Token(key: key, algorithm: algorithm) + "  "));
        Assert.Contains("|anna|", await TextAsync(
            "BEARER " + _issuer.Token(header: header => header.Remove("kid"), key: key, algorithm: algorithm)));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Basic YW5uYTpzZWNyZXQ=")]
    [InlineData("BearerToken abc")]
    public async Task Who_brings_no_token_is_not_signed_in_and_its_issuer_is_not_asked(string? header)
    {
        using var response = await SendAsync(header);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("Bearer", response.Headers.WwwAuthenticate.ToString());
        Assert.Contains("not-signed-in", await response.Content.ReadAsStringAsync());
        Assert.Equal(0, _issuer.Fetches);
    }

    [Theory]
    [MemberData(nameof(Attacks))]
    public async Task A_token_that_does_not_hold_is_refused_with_the_reason_and_without_anything_of_it(
        string attack, string reason)
    {
        var token = Attack(attack);

        using var response = await SendAsync("Bearer " + token);
        var body = await response.Content.ReadAsStringAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("Bearer error=\"invalid_token\"", response.Headers.WwwAuthenticate.ToString());
        Assert.Contains("urn:chunkstream:invalid-access-token", body);
        Assert.Contains(reason, body);
        AssertNothingIsToldOf(token, "malory", body);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("public key as secret")]
    [InlineData("algorithm in other case")]
    [InlineData("critical extension")]
    [InlineData("nested")]
    [InlineData("encrypted")]
    [InlineData("oversized")]
    [InlineData("three garbage parts")]
    public async Task The_issuer_is_not_asked_about_a_token_that_can_t_hold(string attack)
    {
        using var response = await SendAsync("Bearer " + Attack(attack));

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(0, _issuer.Fetches);
    }

    [Fact]
    public async Task Two_headers_and_a_null_character_are_refused()
    {
        var token = _issuer.Token();

        var two = await RawAsync($"Authorization: Bearer {token}", $"Authorization: Bearer {token}");
        Assert.StartsWith("HTTP/1.1 401", two, StringComparison.Ordinal);
        Assert.Contains("more than one header Authorization", two);

        // Kestrel itself refuses such a header.
        Assert.Matches("^HTTP/1.1 40[01]", await RawAsync($"Authorization: Bearer {token}\0"));
        Assert.StartsWith("HTTP/1.1 200", await RawAsync($"Authorization: Bearer {token}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_holds_for_half_a_minute_after_its_end_because_clocks_differ()
    {
        var exp = TokenIssuer.In(-5);

        Assert.Equal($"{exp + 30}", (await TextAsync("Bearer " + With("exp", exp))).Split('|')[3]);
        Assert.Contains("|anna|", await TextAsync("Bearer " + With("nbf", TokenIssuer.In(20))));
        Assert.Contains("|anna|", await TextAsync("Bearer " + With("exp", 999_999_999_999_999)));
    }

    [Fact]
    public async Task A_header_of_App_Service_means_nothing_unless_a_setting_says_so()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/me");
        var principal = """{"auth_typ":"aad","claims":[{"typ":"sub","val":"malory"}]}""";
        request.Headers.Add("X-MS-CLIENT-PRINCIPAL", Convert.ToBase64String(Encoding.UTF8.GetBytes(principal)));

        using var response = await _api.Client.SendAsync(request).Within();

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("Bearer", response.Headers.WwwAuthenticate.ToString());
    }

    private string Attack(string attack)
    {
        using var strange = TokenKey.Rsa("first");
        using var unknown = TokenKey.Rsa("unknown");
        var parts = With("sub", "malory").Split('.');
        return attack switch
        {
            "forged" => _issuer.Token("malory", key: strange),
            "forged claims" => $"{_issuer.Token().Split('.')[0]}.{parts[1]}.{_issuer.Token().Split('.')[2]}",
            "expired" => With("exp", TokenIssuer.In(-31)),
            "not yet valid" => With("nbf", TokenIssuer.In(40)),
            "ends before it begins" => _issuer.Token(claims: claims
                => (claims["exp"], claims["nbf"]) = (TokenIssuer.In(60), TokenIssuer.In(120))),
            "none" => _issuer.Token("malory", algorithm: "none") + parts[2],
            "none without signature" => _issuer.Token("malory", algorithm: "none"),
            "public key as secret" => _issuer.Token("malory", algorithm: "HS256"),
            "algorithm in other case" => _issuer.Token(header: header => header["alg"] = "rs256"),
            "wrong audience" => With("aud", "api://else"),
            "no audience" => With("aud", null),
            "wrong issuer" => With("iss", "https://issuer.example/"),
            "no issuer" => With("iss", null),
            "swapped kid" => _issuer.Token("malory", header: header => header["kid"] = "other"),
            "unknown kid" => _issuer.Token("malory", key: unknown),
            "embedded key" => _issuer.Token(
                "malory", header: header => header["jwk"] = unknown.Jwk(), key: unknown),
            "critical extension" => _issuer.Token(header: header =>
                (header["crit"], header["b64"]) = (new JsonArray("b64"), true)),
            "nested" => _issuer.Token(header: header => header["cty"] = "JWT"),
            "encrypted" => $"{parts[0]}.{parts[1]}.{parts[2]}.{parts[1]}.{parts[2]}",
            "no subject" => With("sub", null),
            "empty subject" => With("sub", ""),
            "subject that is no text" => With("sub", 17),
            "no expiry" => With("exp", null),
            "expiry that is no number" => With("exp", "tomorrow"),
            "oversized" => With("groups", new string('x', 20_000)),
            "garbage" => "malory",
            "three garbage parts" => "a.b.c",
            "payload that is no object" => _issuer.Key.Token(
                """{"alg":"RS256","kid":"first"}""", "[\"malory\"]", "RS256"),
            "two tokens" => $"{_issuer.Token()}, Bearer {_issuer.Token()}",
            "nothing" => "",
            "null character in a claim" => With("sub", "mal\0ory"),
            "half a surrogate pair" => Written(""" "sub":"malory","n":"\ud800" """),
            "claim twice" => Written(""" "sub":"anna","sub":"malory" """),
            _ => throw new ArgumentOutOfRangeException(nameof(attack)),
        };
    }

    // With claims that no library would write.
    private string Written(string claims) => _issuer.Key.Token(
        """{"alg":"RS256","kid":"first"}""",
        $$"""
        {"iss":"{{TokenIssuer.Name}}","aud":"{{TokenIssuer.Audience}}","exp":{{TokenIssuer.In(60)}},{{claims}}}
        """,
        "RS256");

    /// <summary>Fails if a part of a token or its subject is in the log, at any level, or in an answer.</summary>
    private void AssertNothingIsToldOf(string token, string subject, string body = "")
    {
        var entries = _api.Log.Entries;
        Assert.Contains(entries, entry => entry.Level is LogLevel.Debug);
        var told = body + string.Join('\n', entries.Select(entry => $"{entry.Message}{entry.Exception}"))
            + string.Join('\n', _events.Texts);
        Assert.All(
            token.Split('.', ' ').Append(subject).Where(part => part.Length > 3),
            part => Assert.DoesNotContain(part, told, StringComparison.Ordinal));
    }

    private string With(string claim, JsonNode? value) => _issuer.Token(claims: claims =>
    {
        if (value is null)
            claims.Remove(claim);
        else
            claims[claim] = value;
    });

    private async Task<HttpResponseMessage> SendAsync(string? authorization)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/me");
        if (authorization is not null)
            Assert.True(request.Headers.TryAddWithoutValidation("Authorization", authorization));
        return await _api.Client.SendAsync(request).Within();
    }

    private async Task<string> TextAsync(string authorization)
    {
        using var response = await SendAsync(authorization);
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, body);
        return body;
    }

    private async Task<string> RawAsync(params string[] headers)
    {
        using var client = new TcpClient();
        var address = _api.Client.BaseAddress!;
        await client.ConnectAsync(address.Host, address.Port).Within();
        var request = $"GET /me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{string.Join("\r\n", headers)}\r\n\r\n";
        await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(request)).AsTask().Within();
        using var reader = new StreamReader(client.GetStream());
        return await reader.ReadToEndAsync().Within();
    }
}
