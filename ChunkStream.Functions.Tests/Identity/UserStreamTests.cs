using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using ChunkStream.Functions.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace ChunkStream.Functions.Tests.Identity;

/// <summary>Streams of queries for users who bring access tokens.</summary>
[Collection(RealPostgres.Collection)]
public sealed partial class UserStreamTests(RealPostgres postgres) : IAsyncLifetime
{
    private const int Rows = 5000;

    private readonly QueryFiles _files = new QueryFiles()
        .With("slow", "-- access: user(reader)\n-- key: id\n"
            + "select id, case when id % 50 = 0 then (select 'w' from pg_sleep(0.05 + 0 * id)) end as slept,"
            + " current_setting('request.jwt.claims')::json ->> 'sub' as owner from expiring order by id")
        .With("open", "-- access: anonymous\nselect 1 as n");

    private TokenIssuer _issuer = null!;
    private PlainApi _api = null!;

    public async Task InitializeAsync()
    {
        await postgres.ExecuteAsync(
            $"""
            drop table if exists expiring;
            create table expiring as select n as id from generate_series(1, {Rows}) n;
            alter table expiring add primary key (id);
            analyze expiring;
            """);
        _issuer = await TokenIssuer.StartAsync();
        _api = await PlainApi.StartAsync(
            app => app.MapPublicQueries(),
            services => services.AddChunkStream()
                .AddQueries(options => (options.QueriesPath, options.ResumeKey)
                    = (_files.Folder, "a secret of these tests, long enough"))
                .AddPostgres(_ => new NpgsqlDataSourceBuilder(postgres.ConnectionString))
                .AddIdentity(),
            settings: _issuer.Settings);
    }

    public async Task DisposeAsync()
    {
        await _api.DisposeAsync();
        await _issuer.DisposeAsync();
        _files.Dispose();
        await postgres.ExecuteAsync("drop table expiring;");
    }

    [Fact]
    public async Task A_stream_ends_with_its_token_and_goes_on_with_another_of_the_same_user_without_a_lost_row()
    {
        // The same for each format, at a time.
        await Task.WhenAll(StreamAsync("sse"), StreamAsync("frames"));

        async Task StreamAsync(string format)
        {
            var first = await UntilExpiryAsync(format);
            var resume = Continuation().Match(first).Groups[1].Value;
            Assert.NotEqual("", resume);

            var rest = $"slow?format={format}&resume={resume}";
            var (other, refusal) = await AskAsync(rest, _issuer.Token("bert"));
            Assert.Equal(HttpStatusCode.BadRequest, other);
            Assert.Contains("another user", refusal, StringComparison.Ordinal);

            var (_, second) = await AskAsync(rest, _issuer.Token());
            Assert.Equal(Enumerable.Range(1, Rows), Ids(first).Concat(Ids(second)));
            Assert.Contains("\"continue\":null", second, StringComparison.Ordinal);
        }
    }

    // On a machine that is busy the first row may take longer than the token holds, which then is a refusal.
    private async Task<string> UntilExpiryAsync(string format)
    {
        for (var seconds = 3; ; seconds++)
        {
            var expiry = TokenIssuer.In(seconds);
            var token = _issuer.Token(claims: claims => claims["exp"] = expiry);
            var (status, body) = await AskAsync($"slow?format={format}", token);

            // Timers count whole milliseconds.
            var end = TimeProvider.System.GetUtcNow().AddSeconds(0.1);
            Assert.True(end.ToUnixTimeSeconds() >= expiry, "It ended too early.");
            if (status is HttpStatusCode.OK)
                return body;
            Assert.Contains("access-expired", body, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_query_for_users_asks_for_a_token_and_one_for_everyone_does_not_look_at_it()
    {
        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync("slow", "malory")).Status);
        var writer = _issuer.Token(claims: claims => claims["roles"] = "writer");
        Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync("slow", writer)).Status);
        Assert.Equal((HttpStatusCode.OK, "{\"n\":1}\n"), await AskAsync("open", "malory"));
        Assert.Equal((HttpStatusCode.OK, "{\"n\":1}\n"), await AskAsync("open", new string('x', 17_000)));
    }

    private static IEnumerable<int> Ids(string body)
        => Id().Matches(body).Select(match => int.Parse(match.Groups[1].ValueSpan, provider: null));

    private async Task<(HttpStatusCode Status, string Body)> AskAsync(string query, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/public/queries/{query}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await _api.Client.SendAsync(request).Within();
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    [GeneratedRegex("\"id\":(\\d+)")]
    private static partial Regex Id();

    [GeneratedRegex("\"continue\":\"([^\"]+)\"")]
    private static partial Regex Continuation();
}
