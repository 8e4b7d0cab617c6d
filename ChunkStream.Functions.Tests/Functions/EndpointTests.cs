using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using ChunkStream.App;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.LocalHost;

namespace ChunkStream.Functions.Tests.Functions;

/// <summary>Each endpoint, called through the host, in each method.</summary>
[Collection(RunningFunctionApp.Collection)]
public sealed partial class EndpointTests(RunningFunctionApp running)
{
    private static readonly string[] AllMethods = ["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "QUERY"];

    // A call that succeeds, of each endpoint that every app has.
    private static readonly Dictionary<string, string> Calls = new()
    {
        ["db-stream"] = "db-stream",
        ["queries"] = "queries",
        ["query"] = "queries/rows?limit=2&format=csv",
        ["public-query"] = "public/queries/series?format=json",
        ["shape"] = "shapes/live?offset=-1",
        ["public-shape"] = "public/shapes/live?offset=-1",
        ["state"] = "states/live?offset=-1",
        ["public-state"] = "public/states/live",
        ["streams"] = "streams/of/each/method",
        ["public-streams"] = "public/streams/of/each/method",
        ["capabilities"] = "capabilities",
        ["public-capabilities"] = "public/capabilities",
        ["openapi"] = "openapi.json",
        ["health"] = "health",
        ["ui"] = "ui/",
    };

    [Fact]
    public async Task Each_endpoint_answers_as_that_of_the_local_host_in_each_of_its_methods()
    {
        await using var local = await LocalApi.StartAsync(LocalApp.Create(), settings: [.. running.Settings]);
        foreach (var endpoint in LocalApp.Create().Endpoints().All)
        {
            foreach (var method in AllMethods.Where(endpoint.Methods.Contains))
            {
                await PrepareAsync(endpoint, method);
                var expected = await CallAsync(local.Client, method, Call(endpoint));
                await PrepareAsync(endpoint, method);
                var before = running.App.Invocations.All.Length;

                var actual = await CallAsync(running.Client, method, Call(endpoint));

                Assert.Equal((endpoint.Name, method, expected), (endpoint.Name, method, actual));
                if (IsForUsers(endpoint, method))
                    Assert.Equal(HttpStatusCode.Unauthorized, actual.Status);
                else if (endpoint.Name == "capabilities")
                    Assert.Equal(HttpStatusCode.BadRequest, actual.Status); // Its body is no JSON here.
                else
                    Assert.InRange((int)actual.Status, 200, 299);
                Assert.Equal(endpoint.Name, Assert.Single(running.App.Invocations.All[before..]).Function.Name);
            }
        }
    }

    [Fact]
    public async Task A_method_that_an_endpoint_does_not_list_is_not_found_and_calls_no_function()
    {
        var before = running.App.Invocations.All.Length;
        foreach (var endpoint in LocalApp.Create().Endpoints().All)
        {
            foreach (var method in AllMethods.Except(endpoint.Methods))
            {
                var answer = await CallAsync(running.Client, method, Call(endpoint));

                Assert.Equal(
                    (endpoint.Name, method, HttpStatusCode.NotFound, ""),
                    (endpoint.Name, method, answer.Status, answer.Body));
            }
        }

        Assert.Equal(HttpStatusCode.NotFound, (await CallAsync(running.Client, "GET", "none")).Status);
        Assert.Equal(before, running.App.Invocations.All.Length);
    }

    // What needs an access token, which these calls don't have.
    private static bool IsForUsers(StreamEndpoint endpoint, string method)
        => endpoint.Name is "public-streams" or "public-capabilities" && method is not ("GET" or "HEAD");

    /// <summary>
    /// A call of an endpoint that succeeds, given the queries of <see cref="RunningFunctionApp"/>. An app's own
    /// generators have an interval, too.
    /// </summary>
    internal static string Call(StreamEndpoint endpoint)
        => Calls.GetValueOrDefault(endpoint.Name) ?? $"{endpoint.Route}?intervalMs=0";

    // The durable stream that is read, appended to or deleted is there; the one that is made is not.
    private async Task PrepareAsync(StreamEndpoint endpoint, string method)
    {
        if (!endpoint.Route.Contains("streams/", StringComparison.Ordinal))
            return;
        await CallAsync(running.Client, "DELETE", Calls["streams"]);
        if (method != "PUT")
            await CallAsync(running.Client, "PUT", Calls["streams"]);
    }

    private static async Task<Answer> CallAsync(HttpClient client, string method, string target)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), $"/api/{target}");
        if (method is "PUT" or "POST")
        {
            request.Content = target.Contains("queries/", StringComparison.Ordinal)
                ? new StringContent("{}", Encoding.UTF8, "application/json")
                : new StringContent("a line\n");
        }

        using var response = await client.SendAsync(request).Within();
        return new Answer(
            response.StatusCode,
            response.Content.Headers.ContentType?.ToString(),
            Position().Replace(await response.Content.ReadAsStringAsync().Within(), "a position"));
    }

    // No two responses of a live query end at the same position.
    [GeneratedRegex(@"\{""headers"":\{""control"":.*\}")]
    private static partial Regex Position();

    private sealed record Answer(HttpStatusCode Status, string? ContentType, string Body);
}
