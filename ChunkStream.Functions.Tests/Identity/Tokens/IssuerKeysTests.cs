using ChunkStream.Functions.Tests.Support;
using ChunkStream.Identity;
using ChunkStream.Identity.Tokens;
using ChunkStream.Problems;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace ChunkStream.Functions.Tests.Identity.Tokens;

/// <summary>Keys that change, and issuers that can't be reached.</summary>
public sealed class IssuerKeysTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    private readonly RecordedLog _log = new();
    private readonly ILoggerFactory _loggers;
    private TokenIssuer _issuer = null!;

    public IssuerKeysTests() => _loggers = LoggerFactory.Create(logging => logging.AddProvider(_log));

    public async Task InitializeAsync() => _issuer = await TokenIssuer.StartAsync();

    public async Task DisposeAsync()
    {
        _loggers.Dispose();
        await _issuer.DisposeAsync();
    }

    [Fact]
    public async Task The_first_token_of_a_new_key_holds_and_strange_keys_cause_a_fetch_a_minute_at_most()
    {
        var tokens = Tokens();
        await HoldsAsync(tokens);
        Assert.Equal(1, _issuer.Fetches);

        _issuer.ChangeKey("second");
        _time.Advance(TimeSpan.FromSeconds(61));
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => HoldsAsync(tokens)));
        Assert.Equal(2, _issuer.Fetches);

        using var strange = TokenKey.Rsa("strange");
        for (var attack = 0; attack < 5; attack++)
            Assert.Equal(TokenProblems.UnknownKey, await ReadAsync(tokens, _issuer.Token(key: strange)));
        Assert.Equal(2, _issuer.Fetches);
        _time.Advance(TimeSpan.FromSeconds(61));
        for (var attack = 0; attack < 5; attack++)
            Assert.Equal(TokenProblems.UnknownKey, await ReadAsync(tokens, _issuer.Token(key: strange)));
        Assert.Equal(3, _issuer.Fetches);
        await HoldsAsync(tokens);
    }

    [Fact]
    public async Task An_issuer_that_can_t_be_reached_is_no_fault_of_the_caller_and_is_asked_again_after_a_while()
    {
        var tokens = Tokens();
        _issuer.IsDown = true;
        var problems = await Task.WhenAll(
            Enumerable.Range(0, 10).Select(_ => ReadAsync(tokens, _issuer.Token())));

        Assert.All(problems, problem => Assert.Equal((503, 5), (problem!.Status, problem.RetryAfterSeconds)));
        Assert.Equal(1, _issuer.Fetches);
        var entry = Assert.Single(_log.Entries, entry => entry.Event.Name == "IssuerUnavailable");
        Assert.Contains(_issuer.JwksUri, entry.Message, StringComparison.Ordinal);

        _issuer.IsDown = false;
        Assert.Equal(TokenProblems.Unavailable, await ReadAsync(tokens, _issuer.Token()));
        _time.Advance(TimeSpan.FromSeconds(5));
        await HoldsAsync(tokens);

        // Known keys hold on. Of a new one nobody can tell, and it holds soon after the issuer is back.
        _issuer.IsDown = true;
        _time.Advance(TimeSpan.FromSeconds(61));
        var known = _issuer.Token();
        var forged = known[..known.LastIndexOf('.')] + "." + new string('A', 342);
        _issuer.ChangeKey("second");
        for (var attempt = 0; attempt < 3; attempt++)
            Assert.Equal(TokenProblems.Unavailable, await ReadAsync(tokens, _issuer.Token()));
        Assert.Equal(3, _issuer.Fetches);
        Assert.Null(await ReadAsync(tokens, known));
        Assert.Equal(TokenProblems.Signature, await ReadAsync(tokens, forged));

        _issuer.IsDown = false;
        _time.Advance(TimeSpan.FromSeconds(5));
        await HoldsAsync(tokens);
        Assert.Equal(4, _issuer.Fetches);
    }

    [Fact]
    public async Task An_issuer_that_does_not_answer_is_waited_for_once_and_for_5_s_and_known_keys_hold_on_meanwhile()
    {
        var tokens = Tokens();
        _issuer.IsHanging = true;
        Assert.Equal(TokenProblems.Unavailable, await SilenceAsync(ReadAsync(tokens, _issuer.Token())));
        Assert.Equal(TokenProblems.Unavailable, await ReadAsync(tokens, _issuer.Token()));
        Assert.Equal(1, _issuer.Fetches);
        var entry = Assert.Single(_log.Entries, entry => entry.Event.Name == "IssuerUnavailable");
        Assert.Contains("5 s", entry.Message, StringComparison.Ordinal);

        _issuer.IsHanging = false;
        _time.Advance(TimeSpan.FromSeconds(5));
        await HoldsAsync(tokens);

        _issuer.IsHanging = true;
        _time.Advance(TimeSpan.FromSeconds(61));
        using var strange = TokenKey.Rsa("strange");
        var waiting = ReadAsync(tokens, _issuer.Token(key: strange));
        await Bounded.Until(() => Task.FromResult(_issuer.Fetches == 3), "the issuer is asked");
        await HoldsAsync(tokens);
        Assert.Equal(TokenProblems.Unavailable, await SilenceAsync(waiting));

        // Nobody waits for longer than that, whatever the issuer does.
        async Task<Problem?> SilenceAsync(Task<Problem?> reading)
        {
            var began = _time.GetUtcNow();
            await Bounded.Until(
                () =>
                {
                    if (!reading.IsCompleted)
                        _time.Advance(TimeSpan.FromSeconds(0.5));
                    return Task.FromResult(reading.IsCompleted);
                },
                "the request is answered");
            Assert.True(_time.GetUtcNow() - began >= TimeSpan.FromSeconds(5), "It did not wait for the issuer.");
            return await reading;
        }
    }

    [Fact]
    public async Task One_issuer_that_can_t_be_reached_does_not_keep_the_tokens_of_another_from_holding()
    {
        var options = Options();
        options.Issuers.Insert(0, new() { Authority = "http://127.0.0.1:1", Audience = TokenIssuer.Audience });
        var tokens = AccessTokens.Create(options, [], _time, _loggers);

        await HoldsAsync(tokens);
        var unknown = _issuer.Token(claims: claims => claims["iss"] = "https://else.example");
        Assert.Equal(TokenProblems.Unavailable, await ReadAsync(tokens, unknown));

        // Nobody is asked about a token that could hold nowhere.
        var unsigned = _issuer.Token(claims: claims => claims["iss"] = "https://else.example", algorithm: "none");
        Assert.Equal(TokenProblems.Algorithm, await ReadAsync(tokens, unsigned));
    }

    [Fact]
    public async Task An_issuer_may_sign_only_with_its_own_algorithms_and_not_with_those_of_another()
    {
        var options = Options();
        options.Issuers[0].Algorithms = "RS256";
        options.Issuers.Add(
            new() { Authority = "http://127.0.0.1:1", Audience = TokenIssuer.Audience, Algorithms = "ES256" });
        var tokens = AccessTokens.Create(options, [], _time, _loggers);

        await HoldsAsync(tokens);
        var other = _issuer.Token(key: _issuer.Other, algorithm: "ES256");
        Assert.Equal(TokenProblems.Algorithm, await ReadAsync(tokens, other));
    }

    private IdentityOptions Options() => new()
    {
        Issuers =
        {
            new() { JwksUri = _issuer.JwksUri, Issuer = TokenIssuer.Name, Audience = TokenIssuer.Audience },
        },
    };

    private AccessTokens Tokens() => AccessTokens.Create(Options(), ["roles"], _time, _loggers);

    private async Task HoldsAsync(AccessTokens tokens) => Assert.Null(await ReadAsync(tokens, _issuer.Token()));

    private static async Task<Problem?> ReadAsync(AccessTokens tokens, string token)
        => (await tokens.ReadAsync(token, CancellationToken.None).Within()).Problem;
}
