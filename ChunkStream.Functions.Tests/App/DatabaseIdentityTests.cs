using System.Net;
using System.Net.Http.Headers;
using ChunkStream.App.Entra;
using ChunkStream.Functions.Tests.Support;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace ChunkStream.Functions.Tests.App;

/// <summary>
/// Tokens of an identity instead of a password: Azure's own code gets them from an endpoint of the tests, and a
/// Postgres that wants passwords takes them.
/// </summary>
[Collection(RealPostgres.Collection)]
public sealed class DatabaseIdentityTests(RealPostgres postgres) : IAsyncLifetime
{
    private const string Role = "app-identity";

    // Azure's code keeps tokens for the whole process, so each test has an identity of its own.
    private readonly string _client = Guid.NewGuid().ToString();
    private TokenEndpoint _tokens = null!;

    public async Task InitializeAsync()
    {
        _tokens = await TokenEndpoint.StartAsync();
        foreach (var (name, value) in _tokens.Environment)
            Environment.SetEnvironmentVariable(name, value);
        await postgres.ExecuteAsync($"""
            drop schema if exists chunkstream cascade;
            create role "{Role}" login;
            grant create on database chunkstream to "{Role}";
            """);
    }

    public async Task DisposeAsync()
    {
        foreach (var (name, _) in _tokens.Environment)
            Environment.SetEnvironmentVariable(name, null);
        await _tokens.DisposeAsync();
        await postgres.ExecuteAsync($"""
            drop owned by "{Role}" cascade;
            drop role "{Role}";
            """);
    }

    [Fact]
    public async Task Queries_and_durable_streams_log_in_with_the_tokens_of_the_identity_also_with_later_ones()
    {
        await GiveAsync("first token", TimeSpan.FromMinutes(1));
        await using var api = await StartAsync();
        Assert.Equal("{\"role\":\"app-identity\"}\n", await api.Client.GetStringAsync("/api/db-stream").Within());
        Assert.Equal(HttpStatusCode.Created, await SendAsync(api, HttpMethod.Put));

        // The first token has expired, and the connections that it was for are gone.
        await GiveAsync("second token", TimeSpan.FromHours(24));
        await postgres.ExecuteAsync($"select pg_terminate_backend(pid) from pg_stat_activity where usename = '{Role}'");
        await Bounded.Until(
            async () => (await api.GetAsync("/api/health")).IsSuccessStatusCode, "the second token is used");
        await Bounded.Until(
            async () => (await api.GetAsync("/api/streams/identity")).IsSuccessStatusCode, "also by durable streams");
        var asked = _tokens.Asked.Count;
        Assert.Equal("{\"role\":\"app-identity\"}\n", await api.Client.GetStringAsync("/api/db-stream").Within());
        Assert.Equal(HttpStatusCode.NoContent, await SendAsync(api, HttpMethod.Post));
        Assert.Equal("line", await api.Client.GetStringAsync("/api/streams/identity").Within());

        // The second token serves all connections, the listening one included.
        using var live = await api.GetAsync("/api/streams/identity?offset=-1&live=sse");
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        Assert.Equal(asked, _tokens.Asked.Count);
        Assert.All(_tokens.Asked, ask
            => Assert.Equal(("https://ossrdbms-aad.database.windows.net", (string?)_client), ask));
    }

    [Fact]
    public async Task Without_a_token_the_database_is_said_to_be_out_of_reach_and_the_log_says_why()
    {
        await using var api = await StartAsync();
        using var response = await api.GetAsync("/api/db-stream");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        var problem = (await response.ProblemAsync()).ToJsonString();
        Assert.Contains("The app could not log in to the database.", problem, StringComparison.Ordinal);
        Assert.DoesNotContain("ManagedIdentity", problem, StringComparison.Ordinal);
        await api.Log.FindAsync(
            entry => $"{entry.Exception}".Contains("ManagedIdentityCredential", StringComparison.Ordinal),
            "the log says why");
        using var health = await api.GetAsync("/api/health");
        Assert.Contains(
            "down: The app could not log in to the database.", await health.Content.ReadAsStringAsync().Within(),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("me", "Host=h;Username=u;SSL Mode=Require", "must be the client id of a managed identity (a GUID)")]
    [InlineData("system", "Host=h;Username=u;Password=p;SSL Mode=Require", "has a password")]
    [InlineData("default", "Host=h;SSL Mode=Require", "lacks 'Username'")]
    [InlineData("system", "Host=h;Username=u", "'SSL Mode' must be Require, VerifyCA or VerifyFull")]
    [InlineData("system", "Host=localhost,h;Username=u", "'SSL Mode' must be Require, VerifyCA or VerifyFull")]
    [InlineData("system", "Host=localhost,;Username=u", "'SSL Mode' must be Require, VerifyCA or VerifyFull")]
    [InlineData("system", "Host=/run/postgresql;Username=u", null)]
    [InlineData("system", "Host=h;Username=u;SSL Mode=VerifyFull", null)]
    [InlineData("system", "Host=localhost;Username=u", null)]
    [InlineData("system", "nonsense", null)]
    [InlineData("system", null, null)]
    public void What_does_not_fit_the_identity_is_refused_at_start(string identity, string? connection, string? mistake)
    {
        var configuration = new ConfigurationManager { ["ConnectionStrings:Postgres"] = connection };
        var result = new DatabaseIdentityCheck(configuration)
            .Validate(null, new AzureOptions { DatabaseIdentity = identity });

        Assert.Equal(mistake is not null, result.Failed);
        Assert.Contains(mistake ?? "", result.FailureMessage ?? "", StringComparison.Ordinal);
    }

    private Task<LocalApi> StartAsync()
    {
        var settings = new NpgsqlConnectionStringBuilder(postgres.ConnectionString)
        {
            Username = Role,
            Password = null,
        };
        return LocalApi.ServingAsync(
            settings.ConnectionString, "select current_user::text as role",
            ("ChunkStream:Azure:DatabaseIdentity", _client));
    }

    private async Task GiveAsync(string token, TimeSpan lifetime)
    {
        await postgres.ExecuteAsync($"alter role \"{Role}\" password '{token}'");
        (_tokens.Token, _tokens.Lifetime) = (token, lifetime);
    }

    private static async Task<HttpStatusCode> SendAsync(LocalApi api, HttpMethod method)
    {
        using var content = new StringContent(method == HttpMethod.Post ? "line" : "");
        content.Headers.ContentType = new MediaTypeHeaderValue("text/plain");
        using var request = new HttpRequestMessage(method, "/api/streams/identity") { Content = content };
        using var response = await api.Client.SendAsync(request).Within();
        return response.StatusCode;
    }
}
