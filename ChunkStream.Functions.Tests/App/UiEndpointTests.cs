using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using ChunkStream.App;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.App;

public sealed class UiEndpointTests
{
    [Theory]
    [InlineData("/", "api/ui/")]
    [InlineData("/api/ui", "ui/")]
    [InlineData("/api/ui?a=b", "ui/?a=b")]
    public async Task The_page_is_found_without_the_slash_at_its_end_too(string path, string location)
    {
        await using var api = await LocalApi.StartAsync();
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false })
        {
            BaseAddress = api.Client.BaseAddress,
        };
        using var response = await client.GetAsync(path).Within();

        Assert.Equal(HttpStatusCode.Found, response.StatusCode);
        Assert.Equal(location, response.Headers.Location!.OriginalString);
    }

    [Theory]
    [InlineData("", "text/html; charset=utf-8")]
    [InlineData("index.html", "text/html; charset=utf-8")]
    [InlineData("app.js", "text/javascript; charset=utf-8")]
    [InlineData("style.css", "text/css; charset=utf-8")]
    [InlineData("icon.svg", "image/svg+xml")]
    [InlineData("lib/uPlot.esm.js", "text/javascript; charset=utf-8")]
    [InlineData("client/index.js", "text/javascript; charset=utf-8")]
    [InlineData("streams/view.js", "text/javascript; charset=utf-8")]
    [InlineData("lib/durable-streams-client.index.js", "text/javascript; charset=utf-8")]
    [InlineData("lib/uPlot.LICENSE", "text/plain; charset=utf-8")]
    public async Task Each_file_is_served_as_what_it_is_under_a_strict_policy(string path, string type)
    {
        await using var api = await LocalApi.StartAsync();
        using var response = await api.GetAsync("/api/ui/" + path);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(type, response.Content.Headers.ContentType!.ToString());
        Assert.StartsWith(
            "default-src 'none'; script-src 'self';", response.Headers.GetValues("Content-Security-Policy").Single(),
            StringComparison.Ordinal);
        Assert.DoesNotContain(
            "unsafe", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("no-cache", response.Headers.CacheControl!.ToString());
        Assert.Equal(UiFile.Find(path)!.Bytes, await response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task An_unchanged_file_is_not_sent_again_and_HEAD_sends_none()
    {
        await using var api = await LocalApi.StartAsync();
        using var first = await api.GetAsync("/api/ui/app.js");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/ui/app.js")
        {
            Headers = { { "If-None-Match", first.Headers.ETag!.Tag } },
        };
        using var again = await api.Client.SendAsync(request).Within();
        using var head = await api.HeadAsync("/api/ui/app.js");

        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
        Assert.Empty(await again.Content.ReadAsByteArrayAsync());
        Assert.Equal(first.Content.Headers.ContentLength, head.Content.Headers.ContentLength);
        Assert.Equal(first.Headers.ETag, head.Headers.ETag);
    }

    [Fact]
    public async Task It_is_compressed_for_who_takes_that_under_a_tag_of_its_own()
    {
        await using var api = await LocalApi.StartAsync();
        using var plain = await api.GetAsync("/api/ui/app.js");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/ui/app.js")
        {
            Headers = { { "Accept-Encoding", "gzip, br" } },
        };
        using var compressed = await api.Client.SendAsync(request).Within();
        await using var text = new GZipStream(
            await compressed.Content.ReadAsStreamAsync(), CompressionMode.Decompress);

        Assert.Equal("gzip", compressed.Content.Headers.ContentEncoding.Single());
        Assert.NotEqual(plain.Headers.ETag, compressed.Headers.ETag);
        Assert.Equal(await plain.Content.ReadAsStringAsync(), await new StreamReader(text).ReadToEndAsync());
    }

    [Theory]
    [InlineData("nothing.js")]
    [InlineData("lib/")]
    [InlineData("../host.json")]
    [InlineData("%2e%2e/host.json")]
    public async Task There_is_nothing_but_the_pages_own_files(string path)
    {
        await using var api = await LocalApi.StartAsync();
        using var response = await api.GetAsync("/api/ui/" + path);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task Nothing_in_it_comes_from_elsewhere()
    {
        foreach (var path in UiFile.Paths.Where(path => !path.StartsWith("lib/", StringComparison.Ordinal)))
        {
            var text = Encoding.UTF8.GetString(UiFile.Find(path)!.Bytes)
                .Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal);
            Assert.False(
                Regex.IsMatch(text, "https?://|innerHTML|insertAdjacentHTML|document\\.write|eval\\("), path);
        }

        await using var api = await LocalApi.StartAsync();
        var page = await api.Client.GetStringAsync("/api/ui/");
        foreach (Match link in Regex.Matches(page, "(?:src|href)=\"([^\"#]+)\""))
            Assert.NotNull(UiFile.Find(link.Groups[1].Value));
    }
}
