using ChunkStream.Functions.Tests.Support;
using ChunkStream.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ChunkStream.Functions.Tests.Identity;

public sealed class IdentityOptionsTests
{
    private const string First = "ChunkStream:Identity:Issuers:0:";
    private const string Second = "ChunkStream:Identity:Issuers:1:";

    [Fact]
    public void Nobody_is_believed_unless_the_settings_say_so()
    {
        var options = new IdentityOptions();

        Assert.Empty(options.Issuers);
        Assert.False(options.EasyAuth);
        Assert.Equal("roles, role", options.RoleClaims);
        Assert.Equal(60, options.KeyRefreshSeconds);
        Assert.DoesNotContain("HS", new IssuerOptions().Algorithms, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_mistakes_are_reported_at_start_at_once_by_their_settings()
    {
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => StartAsync(
            (First + "Authority", "http://login.example"),
            (First + "JwksUri", "not an address"),
            (First + "Algorithms", "RS256, HS256"),
            (First + "Authorities", "x"),
            (Second + "JwksUri", "http://127.0.0.1/keys"),
            (Second + "Audience", " , "),
            ("ChunkStream:Identity:KeyRefreshSeconds", "0"),
            ("ChunkStream:Identity:EasyAuth", "perhaps")));

        string[] expected =
        [
            First + "Authorities is not a setting", First[..^1] + " must have either an Authority or a JwksUri",
            First + "Authority must be an https:// address", First + "JwksUri must be an https:// address",
            First + "Audience must be", First + "Algorithms must be some of RS256,", Second + "Issuer must be",
            Second + "Audience must be", "KeyRefreshSeconds", "ChunkStream:Identity:EasyAuth must be",
        ];
        Assert.All(expected, text => Assert.Contains(text, failure.ToString(), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("https://login.example/realm", true)]
    [InlineData("http://localhost:8080", true)]
    [InlineData("http://127.0.0.1", true)]
    [InlineData("http://[::1]:1", true)]
    [InlineData("http://login.example", false)]
    [InlineData("https://login.example/?a=b", false)]
    [InlineData("https://me:secret@login.example/", false)]
    [InlineData("ftp://localhost/", false)]
    [InlineData("login.example", false)]
    [InlineData("", false)]
    public void An_issuer_is_reached_over_https_except_on_loopback(string address, bool isAllowed)
    {
        var issuer = new IssuerOptions { Authority = address, Audience = "a" };

        Assert.Equal(isAllowed, !IssuerCheck.Mistakes(issuer, "x").Any());
    }

    [Fact]
    public async Task One_issuer_is_not_named_twice_and_a_list_has_numbers()
    {
        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => StartAsync(
            ("ChunkStream:Identity:Issuers", "https://login.example"),
            (First + "Authority", "https://login.example"), (First + "Audience", "a"),
            (Second + "Authority", "https://login.example/"), (Second + "Audience", "b")));

        Assert.Contains("'https://login.example' twice", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Issuers:0:Authority is where", failure.Message, StringComparison.Ordinal);
    }

    private static async Task StartAsync(params (string, string)[] settings)
    {
        await using var api = await PlainApi.StartAsync(
            _ => { }, services => services.AddChunkStream().AddIdentity(), settings: settings);
    }
}
