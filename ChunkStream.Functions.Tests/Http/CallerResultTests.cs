using System.Net;
using System.Runtime.CompilerServices;
using System.Security.Claims;
using System.Text.Json;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Http;
using ChunkStream.Identity;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Functions.Tests.Http;

/// <summary>A response that depends on its caller, in an app that signs users in by itself.</summary>
public sealed class CallerResultTests : IAsyncLifetime
{
    private PlainApi _api = null!;
    private ClaimsPrincipal _user = new(new ClaimsIdentity());

    public async Task InitializeAsync() => _api = await PlainApi.StartAsync(app =>
    {
        app.Use((http, next) =>
        {
            http.User = _user;
            return next(http);
        });
        app.MapGet("/me", () => new CallerResult("me", caller => TypedResults.Text(string.Join(
            '|', caller.Issuer, caller.Subject, string.Join(",", caller.Roles.Order()), caller.Claims.GetRawText()))));
        app.MapGet("/end", () => new CallerResult(
            "end", caller => TypedResults.Text($"{caller.Expires?.ToUnixTimeSeconds()}")));
        app.MapGet("/mine", () => new CallerResult("mine", _ => StreamResults.Items(Ticks)));
    });

    public async Task DisposeAsync() => await _api.DisposeAsync();

    [Fact]
    public async Task A_user_whom_the_app_signed_in_is_the_caller_with_all_claims_by_their_usual_names()
    {
        _user = SignedIn(
            new Claim(ClaimTypes.NameIdentifier, "anna", ClaimValueTypes.String, "https://issuer.example"),
            new Claim(ClaimTypes.Role, "reader"),
            new Claim(ClaimTypes.Role, "writer"),
            new Claim("level", "7", ClaimValueTypes.Integer32),
            new Claim("verified", "true", ClaimValueTypes.Boolean),
            new Claim("app_metadata", """{"tenant":"t1"}""", "JSON"));

        var parts = (await _api.TextAsync("/me")).Split('|', 4);

        Assert.Equal(["https://issuer.example", "anna", "reader,writer"], parts[..3]);
        Assert.Equal(
            $$"""{"sub":"anna","{{ClaimTypes.Role}}":["reader","writer"],"level":7,"verified":true, """.TrimEnd()
            + """ "app_metadata":{"tenant":"t1"}}""".TrimStart(),
            parts[3]);
    }

    [Fact]
    public async Task The_subject_among_the_claims_is_the_caller_also_where_the_app_names_several()
    {
        _user = SignedIn(new Claim("sub", "anna"), new Claim("sub", "bert"));

        Assert.EndsWith("""|anna||{"sub":"anna"}""", await _api.TextAsync("/me"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("4102444800", 4102444800L)]
    [InlineData("4102444800.5", 4102444800L)]
    [InlineData("999999999999999", null)]
    [InlineData("-Infinity", null)]
    [InlineData("NaN", null)]
    [InlineData("tomorrow", null)]
    public async Task Access_ends_when_the_claim_says_so_as_far_as_there_is_such_a_time(string exp, long? end)
    {
        _user = SignedIn(new Claim("sub", "anna"), new Claim("exp", exp));

        Assert.Equal($"{end}", await _api.TextAsync("/end"));
    }

    [Fact]
    public async Task Who_does_not_say_who_is_calling_is_refused_before_anything_is_asked()
    {
        foreach (var user in (ClaimsPrincipal[])[new(new ClaimsIdentity()), SignedIn(new Claim("name", "Anna"))])
        {
            _user = user;
            using var response = await _api.GetAsync("/mine");

            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            Assert.Equal("Bearer", response.Headers.WwwAuthenticate.ToString());
            Assert.Contains("urn:chunkstream:not-signed-in", await response.Content.ReadAsStringAsync());
        }
    }

    [Fact]
    public async Task A_stream_ends_when_the_access_of_its_caller_does_and_says_so()
    {
        // The request has to arrive before it, however slow the machine is.
        var expiry = TimeProvider.System.GetUtcNow().AddSeconds(8).ToUnixTimeSeconds();
        _user = SignedIn(new Claim("sub", "anna"), new Claim("exp", $"{expiry}"));

        using var response = await _api.GetAsync("/mine?format=sse");
        Assert.Equal("Accept, Accept-Encoding, Authorization", string.Join(", ", response.Headers.Vary));
        var read = await StreamRead.OfAsync(response, "sse");

        Assert.False(read.IsComplete);

        // Timers count whole milliseconds.
        var end = TimeProvider.System.GetUtcNow().AddSeconds(0.1);
        Assert.True(end.ToUnixTimeSeconds() >= expiry, "It ended too early.");
        Assert.Equal("urn:chunkstream:access-expired", (string?)read.Error!["type"]);
        Assert.Contains("Stream mine ended: DeadlineReached", (await _api.Log.StreamEndedAsync()).Message);
    }

    [Fact]
    public void Claims_are_found_by_their_path_and_a_whole_name_comes_first()
    {
        using var claims = JsonDocument.Parse(
            """{"a":{"b":"below","n":null,"list":["x",1,"y"]},"a.b":"whole","https://example.com/t":1,"s":"one"}""");
        var caller = new Caller("i", "s", claims.RootElement, ["r"], expires: null);

        Assert.Equal("whole", caller.Claim("a.b"));
        Assert.Equal("""["x",1,"y"]""", caller.Claim("a.list"));
        Assert.Equal("1", caller.Claim("https://example.com/t"));
        Assert.All((string[])["a.n", "a.none", "none", "s.t", "", "."], path => Assert.Null(caller.Claim(path)));
        Assert.Equal(["x", "y"], Caller.Texts(claims.RootElement, "a.list"));
        Assert.Equal(["one"], Caller.Texts(claims.RootElement, "s"));
        Assert.Empty(Caller.Texts(claims.RootElement, "a"));
    }

    [Fact]
    public void The_earlier_of_two_deadlines_is_the_stream_s()
    {
        var day = StreamDeadline.FromDuration(TimeSpan.FromDays(1));
        var never = StreamDeadline.FromDuration(Timeout.InfiniteTimeSpan);
        var access = StreamDeadline.FromAccess(TimeSpan.FromHours(1));

        Assert.Equal(access, day.OrEarlier(access));
        Assert.Equal(access, access.OrEarlier(day));
        Assert.Equal(access, never.OrEarlier(access));
        Assert.Equal(access, access.OrEarlier(never));
        Assert.Equal(day, day.OrEarlier(StreamDeadline.FromAccess(null)));
        Assert.Equal(TimeSpan.Zero, StreamDeadline.FromAccess(TimeSpan.FromSeconds(-5)).After);
        Assert.Equal(Timeout.InfiniteTimeSpan, StreamDeadline.FromAccess(TimeSpan.FromDays(3650)).After);
    }

    private static ClaimsPrincipal SignedIn(params Claim[] claims) => new(new ClaimsIdentity(claims, "test"));

    private static async IAsyncEnumerable<string> Ticks([EnumeratorCancellation] CancellationToken cancellation)
    {
        for (var number = 1; ; number++)
        {
            yield return $"{number}";
            await Task.Delay(100, cancellation);
        }
    }
}
