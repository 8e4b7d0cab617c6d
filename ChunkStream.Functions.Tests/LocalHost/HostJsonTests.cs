using ChunkStream.LocalHost.Web;
using Microsoft.AspNetCore.Routing.Patterns;

namespace ChunkStream.Functions.Tests.LocalHost;

public sealed class HostJsonTests
{
    [Theory]
    [InlineData("", "health", "/health")]
    [InlineData("api", "health", "/api/health")]
    [InlineData("my/api", "streams/{*path}", "/my/api/streams/{*path}")]
    public void A_route_can_be_mapped_under_any_prefix(string prefix, string route, string path)
    {
        Assert.Equal(path, HostJson.PathOf(prefix, route));
        Assert.Equal(path, RoutePatternFactory.Parse(HostJson.PathOf(prefix, route)).RawText);
    }
}
