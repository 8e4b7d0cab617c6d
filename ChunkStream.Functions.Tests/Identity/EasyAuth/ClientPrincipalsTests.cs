using System.Text;
using ChunkStream.Identity;
using ChunkStream.Identity.Requests;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Primitives;

namespace ChunkStream.Functions.Tests.Identity.EasyAuth;

/// <summary>The header with which App Service tells whom it has signed in.</summary>
public sealed class ClientPrincipalsTests
{
    private static readonly ICallers Callers = RequestCallers.Create(
        new IdentityOptions { EasyAuth = true }, TimeProvider.System, NullLoggerFactory.Instance);

    [Fact]
    public async Task It_says_who_is_calling_where_the_setting_says_that_it_does()
    {
        var (caller, problem) = await FindAsync(Encoded(
            """
            {"auth_typ":"aad","name_typ":"name","role_typ":"app_role","claims":[
              {"typ":"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier","val":"anna"},
              {"typ":"iss","val":"https://login.example/v2.0"},{"typ":"app_role","val":"writer"},
              {"typ":"roles","val":"reader"},{"typ":"roles","val":"editor"},{"typ":"exp","val":"4102444800"}]}
            """));

        Assert.Null(problem);
        Assert.Equal(("https://login.example/v2.0", "anna"), (caller!.Issuer, caller.Subject));
        Assert.Equal(["editor", "reader", "writer"], caller.Roles.Order());
        Assert.Equal(("anna", "[\"reader\",\"editor\"]"), (caller.Claim("sub"), caller.Claim("roles")));
        Assert.Equal(4102444800, caller.Expires?.ToUnixTimeSeconds());
    }

    [Fact]
    public async Task A_session_may_outlive_the_token_with_which_it_began()
    {
        var (caller, _) = await FindAsync(Encoded(
            """{"auth_typ":"aad","claims":[{"typ":"sub","val":"anna"},{"typ":"exp","val":"1"}]}"""));

        Assert.Equal(("aad", null), (caller!.Issuer, caller.Expires));
    }

    [Fact]
    public async Task Without_it_nobody_is_signed_in()
        => Assert.Equal((null, null), await FindAsync(StringValues.Empty));

    [Theory]
    [InlineData("")]
    [InlineData("%%%")]
    [InlineData("not base64")]
    [InlineData("e30=")]
    [InlineData("bnVsbA==")]
    [InlineData("{\"claims\":{}}")]
    [InlineData("{\"claims\":[1]}")]
    [InlineData("{\"claims\":[{\"typ\":\"sub\"}]}")]
    [InlineData("{\"claims\":[{\"typ\":\"sub\",\"val\":1}]}")]
    [InlineData("{\"claims\":[{\"typ\":\"name\",\"val\":\"anna\"}]}")]
    [InlineData("{\"claims\":[{\"typ\":\"sub\",\"val\":\"\"}]}")]
    [InlineData("{\"claims\":[{\"typ\":\"sub\",\"val\":\"an\\u0000na\"}]}")]
    [InlineData("{\"claims\":[{\"typ\":\"sub\",\"val\":\"\\ud800\"}]}")]
    [InlineData("{\"\\ud800\":1,\"claims\":[{\"typ\":\"sub\",\"val\":\"anna\"}]}")]
    [InlineData("{\"claims\":[],\"claims\":[{\"typ\":\"sub\",\"val\":\"anna\"}]}")]
    public async Task One_that_App_Service_does_not_write_is_refused(string header)
    {
        var (caller, problem) = await FindAsync(header.StartsWith('{') ? Encoded(header) : header);

        Assert.Null(caller);
        Assert.Equal((401, "invalid-access-token"), (problem!.Status, problem.Slug));
        Assert.DoesNotContain("anna", problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_of_them_are_refused()
    {
        var header = Encoded("""{"claims":[{"typ":"sub","val":"anna"}]}""");

        Assert.Equal(401, (await FindAsync(new StringValues([header, header]))).Problem!.Status);
    }

    private static string Encoded(string json) => Convert.ToBase64String(Encoding.UTF8.GetBytes(json));

    private static async Task<(Caller? Caller, Problem? Problem)> FindAsync(StringValues header)
    {
        var http = new DefaultHttpContext();
        if (header.Count > 0)
            http.Request.Headers["X-MS-CLIENT-PRINCIPAL"] = header;
        return await Callers.FindAsync(http, CancellationToken.None);
    }
}
