using System.Net;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.LocalHost.Web;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Functions.Tests.LocalHost;

public sealed class CrossSiteTests
{
    private const string Own = "http://localhost:7071";
    private const string Listed = "https://app.example.org";
    private const string Foreign = "https://evil.example";

    public static TheoryData<bool, string, string, string?, string?, string?, string?> Requests => new()
    {
        // No browser, and the browser's user.
        { true, "POST", "", null, null, null, null },
        { true, "GET", "?record=x", null, null, null, null },
        { true, "GET", "", null, "none", "navigate", "document" },
        // Our own page, also behind a proxy that changes Host; and in browsers that say nothing of sites.
        { true, "POST", "", Own, "same-origin", "cors", "empty" },
        { true, "POST", "", "http://localhost:5173", "same-origin", "cors", "empty" },
        { true, "POST", "", Own, null, null, null },
        // What others' pages do: fetch, also without CORS, from another port too; pictures, forms, frames.
        { false, "POST", "", Foreign, "cross-site", "no-cors", "empty" },
        { false, "GET", "", Foreign, "cross-site", "cors", "empty" },
        { false, "GET", "", null, "cross-site", "no-cors", "empty" },
        { false, "POST", "", "http://localhost:3000", "same-site", "no-cors", "empty" },
        { false, "GET", "?count=1&record=x", null, "cross-site", "no-cors", "image" },
        { false, "GET", "", null, "same-site", "no-cors", "image" },
        { false, "GET", "", null, "cross-site", "navigate", "iframe" },
        { false, "POST", "", Foreign, "cross-site", "navigate", "document" },
        { false, "POST", "", "null", "cross-site", "no-cors", "empty" },
        { false, "POST", "", Foreign, null, null, null },
        { false, "POST", "", "null", null, null, null },
        { false, "POST", "", "http://localhost:70710", null, null, null },
        { false, "GET", "", null, "anything-new", "cors", "empty" },
        // A link reads; what it would leave behind is refused.
        { true, "GET", "?count=1", null, "cross-site", "navigate", "document" },
        { false, "GET", "?count=1&record=x", null, "cross-site", "navigate", "document" },
        { false, "GET", "?count=1&RECORD=x", null, "cross-site", "navigate", "document" },
        // A listed origin.
        { true, "POST", "", Listed, "cross-site", "cors", "empty" },
        { true, "GET", "", Listed, "cross-site", "cors", "empty" },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public void Without_a_key_only_our_own_page_listed_origins_and_links_are_answered(
        bool admitted, string method, string query, string? origin, string? site, string? mode, string? use)
    {
        var request = new DefaultHttpContext().Request;
        (request.Method, request.Scheme, request.Host, request.QueryString) =
            (method, "http", new HostString("localhost:7071"), new QueryString(query));
        var headers = new[]
        {
            ("Origin", origin), ("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", mode), ("Sec-Fetch-Dest", use),
        };
        foreach (var (name, value) in headers)
        {
            if (value is not null)
                request.Headers[name] = value;
        }

        Assert.Equal(admitted, new CrossSiteGuard(CorsOrigins.Parse(Listed)).Admits(request));
    }

    [Fact]
    public async Task The_refusal_says_what_would_allow_it_and_with_a_key_it_is_the_key_that_counts()
    {
        await using var open = await LocalApi.StartAsync();
        await using var everybodys = await LocalApi.StartAsync(settings: ("ChunkStream:LocalHost:CorsOrigins", "*"));
        await using var keyed = await LocalApi.StartAsync(functionKey: "a-key");

        using var refused = await FromElsewhereAsync(open);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        var problem = await refused.ProblemAsync();
        Assert.Equal("urn:chunkstream:cross-site", (string?)problem["type"]);
        Assert.Contains("ChunkStream__LocalHost__CorsOrigins", (string?)problem["detail"], StringComparison.Ordinal);

        foreach (var api in new[] { everybodys, keyed })
        {
            using var answered = await FromElsewhereAsync(api);
            Assert.Equal(HttpStatusCode.OK, answered.StatusCode);
        }
    }

    private static Task<HttpResponseMessage> FromElsewhereAsync(LocalApi api)
        => api.Client.SendAsync(new HttpRequestMessage(HttpMethod.Get, "/api/lines?count=1")
        {
            Headers =
            {
                { "Origin", Foreign },
                { "Sec-Fetch-Site", "cross-site" },
                { "Sec-Fetch-Mode", "cors" },
                { "Sec-Fetch-Dest", "empty" },
            },
        }).Within();
}
