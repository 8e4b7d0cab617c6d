using System.Net;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.LocalHost;

namespace ChunkStream.Functions.Tests.LocalHost;

public sealed class CorsTests
{
    private const string Setting = "ChunkStream:LocalHost:CorsOrigins";
    private const string App = "https://app.example.org";

    [Theory]
    [InlineData(null, true)]
    [InlineData("", true)]
    [InlineData("*", true)]
    [InlineData("https://app.example.org", true)]
    [InlineData(" https://app.example.org , http://localhost:5173,http://[::1]:3000 ", true)]
    [InlineData("https://app.example.org/", false)]
    [InlineData("https://app.example.org/app", false)]
    [InlineData("https://app.example.org:443", false)]
    [InlineData("https://me@app.example.org", false)]
    [InlineData("https://*.example.org", false)]
    [InlineData("app.example.org", false)]
    [InlineData("ftp://app.example.org", false)]
    [InlineData("null", false)]
    [InlineData("*,https://app.example.org", false)]
    public void An_origin_is_scheme_host_and_port(string? origins, bool isValid)
        => Assert.Equal(isValid, Validate(new LocalHostOptions { CorsOrigins = origins }));

    [Fact]
    public void Every_origin_is_for_loopback_alone()
    {
        Assert.False(Validate(new LocalHostOptions { CorsOrigins = "*", Address = "0.0.0.0", FunctionKey = "a-key" }));
        Assert.True(Validate(new LocalHostOptions { CorsOrigins = App, Address = "0.0.0.0", FunctionKey = "a-key" }));
    }

    [Fact]
    public void A_mistake_is_named_with_what_would_be_right()
    {
        var result = new LocalHostOptionsValidator().Validate(
            null, new LocalHostOptions { CorsOrigins = "https://a.example/,b" });

        Assert.Equal(2, result.Failures!.Count());
        Assert.All(result.Failures!, failure => Assert.Contains(Setting, failure, StringComparison.Ordinal));
        Assert.Contains("\"https://a.example/\"", result.Failures!.First(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Preflight_allows_the_methods_there_are_and_any_header()
    {
        await using var api = await LocalApi.StartAsync(functionKey: "a-key", settings: (Setting, App));
        using var response = await PreflightAsync(api, App);

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Equal(App, Header(response, "Access-Control-Allow-Origin"));
        Assert.Contains("GET", Header(response, "Access-Control-Allow-Methods"), StringComparison.Ordinal);
        Assert.Equal("x-functions-key", Header(response, "Access-Control-Allow-Headers"));
        Assert.Equal("600", Header(response, "Access-Control-Max-Age"));
        Assert.False(response.Headers.Contains("Access-Control-Allow-Credentials"));
    }

    [Theory]
    [InlineData("/api/lines?count=1", HttpStatusCode.OK)]
    [InlineData("/api/lines?count=0", HttpStatusCode.BadRequest)]
    [InlineData("/api/queries", HttpStatusCode.Unauthorized)]
    [InlineData("/api/nothing", HttpStatusCode.NotFound)]
    [InlineData("/api/health", HttpStatusCode.ServiceUnavailable)]
    public async Task Whatever_the_answer_a_listed_origin_may_read_it(string path, HttpStatusCode status)
    {
        await using var api = await LocalApi.StartAsync(
            functionKey: "a-key", settings: (Setting, $"{App},http://localhost:5173"));
        using var response = await GetAsync(api, path, App);

        Assert.Equal(status, response.StatusCode);
        Assert.Equal(App, Header(response, "Access-Control-Allow-Origin"));
        Assert.StartsWith(
            "Retry-After,ChunkStream-Estimated-Rows,Stream-Next-Offset,",
            Header(response, "Access-Control-Expose-Headers"),
            StringComparison.Ordinal);
        Assert.Contains("Origin", response.Headers.Vary);
    }

    [Fact]
    public async Task By_default_and_for_other_origins_there_is_no_leave()
    {
        await using var closed = await LocalApi.StartAsync();
        await using var open = await LocalApi.StartAsync(settings: (Setting, App));
        foreach (var (api, origin) in new[] { (closed, App), (open, "https://evil.example.org") })
        {
            using var response = await GetAsync(api, "/api/lines?count=1", origin);
            using var preflight = await PreflightAsync(api, origin);
            Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
            Assert.False(preflight.Headers.Contains("Access-Control-Allow-Origin"));
        }
    }

    private static bool Validate(LocalHostOptions options) =>
        new LocalHostOptionsValidator().Validate(null, options).Succeeded;

    private static string Header(HttpResponseMessage response, string name) =>
        response.Headers.GetValues(name).Single();

    private static Task<HttpResponseMessage> GetAsync(LocalApi api, string path, string origin)
        => api.Client.SendAsync(
            new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "Origin", origin } } }).Within();

    private static Task<HttpResponseMessage> PreflightAsync(LocalApi api, string origin)
        => api.Client.SendAsync(new HttpRequestMessage(HttpMethod.Options, "/api/queries")
        {
            Headers =
            {
                { "Origin", origin },
                { "Access-Control-Request-Method", "GET" },
                { "Access-Control-Request-Headers", "x-functions-key" },
            },
        }).Within();
}
