using System.Net;
using System.Security.Claims;
using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres.Queries;

/// <summary>Queries for users, who see their own rows: by policies of the database, or by parameters.</summary>
[Collection(RealPostgres.Collection)]
public sealed class UserQueriesTests(RealPostgres postgres) : IAsyncLifetime
{
    private const string Secret = "a secret of these tests, long enough";
    private readonly QueryFiles _files = new QueryFiles()
        .With("mine", "-- access: user\n-- role: notes_reader\n-- key: id\nselect id, owner, body from notes")
        .With("by-claim", "-- access: user\n-- role: claim(app.role)\n-- key: id\nselect id from notes")
        .With("tenant", "-- access: user\n-- param: tenant uuid = claim(app.tenant)\nselect @tenant as tenant")
        .With("editors", "-- access: user(editor, chief editor)\n"
            + "select current_setting('request.jwt.claims') as claims")
        .With("no-right", "-- access: user\n-- role: notes_reader\nselect * from notes_secret")
        .With("owner", "-- access: user\nselect id from notes")
        .With("by-year", "-- access: user\n-- role: notes_reader\nselect id from notes_by_year")
        .With("open-by-year", "-- access: user\n-- role: notes_reader\nselect id from notes_open")
        .With("names", "-- access: user\n-- role: notes_reader\n-- key: id\nselect * from notes_names")
        .With("own-names", "-- access: user\n-- role: notes_reader\n-- key: id\nselect * from notes_own")
        .With("no-role", "-- access: user\n-- role: notes_nobody\nselect 1 as n")
        .With("claims", "select coalesce(current_setting('request.jwt.claims', true), '') as claims");

    private PlainApi _api = null!;

    public async Task InitializeAsync()
    {
        await postgres.ExecuteAsync(
            """
            drop table if exists notes, notes_secret, notes_by_year, notes_open, notes_names;
            drop schema if exists notes_reader cascade;
            drop role if exists notes_reader;
            create role notes_reader;
            create table notes (id int primary key, owner text not null, body text);
            create table notes_secret (id int);
            insert into notes
              select n, (array['anna', 'bert'])[1 + n % 2], 'note ' || n from generate_series(1, 2000) n;
            alter table notes enable row level security;
            create policy own on notes using (owner = current_setting('request.jwt.claim.sub', true)
              and owner = current_setting('request.jwt.claims', true)::json ->> 'sub');
            create table notes_by_year (id int, year int) partition by list (year);
            create table notes_2025 partition of notes_by_year for values in (2025);
            create table notes_2026 partition of notes_by_year for values in (2026);
            alter table notes_by_year enable row level security;
            create policy positive on notes_by_year using (id > 0);
            create table notes_open (id int, year int) partition by list (year);
            create table notes_open_2026 partition of notes_open for values in (2026);
            alter table notes_open_2026 enable row level security;
            grant select on notes, notes_by_year, notes_open to notes_reader;
            create table notes_names (id int primary key);
            insert into notes_names values (7);
            create schema notes_reader authorization notes_reader;
            create table notes_reader.notes_names (id int primary key, more text);
            insert into notes_reader.notes_names values (1, 'a'), (2, 'b');
            create table notes_reader.notes_own (id int primary key);
            insert into notes_reader.notes_own values (1), (2);
            grant select on all tables in schema notes_reader to notes_reader;
            """);
        _api = await StartAsync("notes_reader, other");
    }

    public async Task DisposeAsync()
    {
        await _api.DisposeAsync();
        _files.Dispose();
        await postgres.ExecuteAsync(
            "drop table notes, notes_secret, notes_by_year, notes_open, notes_names;"
            + " drop schema notes_reader cascade; drop role notes_reader;");
    }

    [Fact]
    public async Task Each_user_gets_all_of_its_own_rows_and_none_of_another()
    {
        foreach (var (user, first) in ((string, int)[])[("anna", 2), ("bert", 1)])
        {
            var rows = Lines(await TextAsync("mine", user));

            Assert.Equal(1000, rows.Length);
            Assert.All(rows, row => Assert.Equal(user, (string?)row["owner"]));
            Assert.Equal(first, (int)rows[0]["id"]!);
        }

        Assert.Equal("", await TextAsync("mine", "carl"));
        Assert.Equal(1000, Lines(await TextAsync("by-claim", "anna", ("app", """{"role":"notes_reader"}"""))).Length);
    }

    // By the search path ("$user"): to the connection's user notes_names is another table, and notes_own is none.
    [Theory]
    [InlineData("names", """{"id":1,"more":"a"}{"id":2,"more":"b"}""")]
    [InlineData("own-names", """{"id":1}{"id":2}""")]
    public async Task A_name_means_what_it_means_to_the_role(string query, string expected)
    {
        for (var time = 0; time < 2; time++)
            Assert.Equal(expected, (await TextAsync(query, "anna")).Replace("\n", "", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("mine", null, HttpStatusCode.Unauthorized, "not-signed-in")]
    [InlineData("editors", "anna", HttpStatusCode.Forbidden, "editor or chief editor")]
    [InlineData("editors?numbers=exact&resume=x", "anna", HttpStatusCode.Forbidden, "editor or chief editor")]
    [InlineData("by-claim", "anna", HttpStatusCode.Forbidden, "'app.role'")]
    [InlineData("tenant", "anna", HttpStatusCode.Forbidden, "'app.tenant'")]
    [InlineData("tenant?tenant=x", "anna", HttpStatusCode.BadRequest, "tenant")]
    [InlineData("no-right", "anna", HttpStatusCode.Forbidden, "The database does not allow this user")]
    [InlineData("no-role", "anna", HttpStatusCode.InternalServerError, "the server's log says why")]
    public async Task Who_may_not_is_told_what_is_missing(
        string call, string? user, HttpStatusCode status, string detail)
    {
        using var response = await SendAsync(HttpMethod.Get, call, user);
        var body = await response.Content.ReadAsStringAsync();

        Assert.Equal((status, ""), (response.StatusCode, body.Contains(detail, StringComparison.Ordinal) ? "" : body));
        Assert.Equal((int)status is 401 or 403, response.Headers.WwwAuthenticate.Count > 0);
        if (status is not HttpStatusCode.InternalServerError and not HttpStatusCode.Forbidden)
        {
            using var head = await SendAsync(HttpMethod.Head, call, user);
            Assert.Equal(status, head.StatusCode);
        }
    }

    // Also what a cache could keep without being told to, and would then give to another user: a 204, a 404.
    [Theory]
    [InlineData("mine", "anna", 200)]
    [InlineData("mine?format=sse", "anna", 200)]
    [InlineData("mine", null, 401)]
    [InlineData("editors", "anna", 403)]
    [InlineData("no-right", "anna", 403)]
    [InlineData("mine?limit=0", "anna", 400)]
    [InlineData("mine?resume=x", "anna", 400)]
    [InlineData("nothing", "anna", 404)]
    [InlineData("mine?format=sse", "anna", 204, "end")]
    [InlineData("no-role", "anna", 500)]
    [InlineData("/queries", null, 200)]
    public async Task No_cache_keeps_what_a_user_was_told(
        string call, string? user, int status, string? lastEventId = null)
    {
        foreach (var method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Head])
        {
            using var request = new HttpRequestMessage(method, call[0] == '/' ? call : $"/public/queries/{call}");
            if (user is not null)
                request.Headers.Add("Test-User", user);
            if (lastEventId is not null)
                request.Headers.Add("Last-Event-ID", lastEventId);
            using var response = await _api.Client.SendAsync(request).Within();

            // A HEAD runs no query, so it does not hear of what only the database refuses.
            if (method == HttpMethod.Get || call is not ("no-right" or "no-role"))
                Assert.Equal(status, (int)response.StatusCode);
            Assert.True(response.Headers.CacheControl?.NoStore, $"{method}: {response.Headers.CacheControl}");
            if (user is not null && status < 300)
                Assert.Contains("Authorization", response.Headers.Vary);
        }
    }

    [Fact]
    public async Task A_role_or_a_value_of_a_claim_is_used_only_if_it_is_allowed()
    {
        foreach (var role in (string[])["postgres", "none", "NOTES_READER", "", "other"])
        {
            using var refused = await SendAsync(
                HttpMethod.Get, "by-claim", "anna", ("app", $$"""{"role":"{{role}}"}"""));

            // A role that is allowed and not there is the operator's mistake.
            Assert.Equal(
                role == "other" ? HttpStatusCode.InternalServerError : HttpStatusCode.Forbidden, refused.StatusCode);
        }

        var id = Guid.NewGuid();
        Assert.Equal(
            $$"""{"tenant":"{{id}}"}""" + "\n",
            await TextAsync("tenant", "anna", ("app", $$"""{"tenant":"{{id}}"}""")));
        foreach (var method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Head])
        {
            using var wrong = await SendAsync(method, "tenant", "anna", ("app", """{"tenant":"x"}"""));
            Assert.Equal(HttpStatusCode.Forbidden, wrong.StatusCode);
            Assert.DoesNotContain("invalid input", await wrong.Content.ReadAsStringAsync());
        }
    }

    [Fact]
    public async Task An_endpoint_of_the_app_can_not_give_the_value_that_a_claim_gives()
    {
        var (own, other) = (Guid.NewGuid(), Guid.NewGuid());
        using var failed = await SendAsync(
            HttpMethod.Get, $"of/{other}", "anna", ("app", $$"""{"tenant":"{{own}}"}"""));

        Assert.Equal(HttpStatusCode.InternalServerError, failed.StatusCode);
        await _api.Log.FindAsync(
            entry => entry.Exception is InvalidOperationException mistake && mistake.Message
                == "The endpoint gives a value for 'tenant', which the query 'tenant' does not take; it takes none.",
            "the log says what is wrong");
    }

    [Fact]
    public async Task Claims_are_those_of_the_caller_and_nobody_else_sees_them()
    {
        var row = Lines(await TextAsync("editors", "anna", (ClaimTypes.Role, "chief editor"))).Single();
        var claims = JsonNode.Parse((string)row["claims"]!)!;

        Assert.Equal("anna", (string?)claims["sub"]);
        Assert.Equal("chief editor", (string?)claims[ClaimTypes.Role]);

        // On the same pool, and by the same user.
        for (var call = 0; call < 5; call++)
            Assert.Equal("", (string?)Lines(await _api.TextAsync("/queries/claims")).Single()["claims"]);
    }

    [Fact]
    public async Task A_resume_token_is_bound_to_its_user_and_to_the_roles_that_are_allowed()
    {
        (string, string) role = ("app", """{"role":"notes_reader"}""");
        foreach (var call in (string[])["mine", "by-claim"])
        {
            var frames = await TextAsync($"{call}?format=sse&limit=5", "anna", role);
            var token = frames.Split('\n')
                .Last(line => line.StartsWith("id: ", StringComparison.Ordinal) && line.Length > 20)[4..];
            var rest = $"{call}?limit=5&resume={token}";

            Assert.Equal("", await TextAsync(rest, "anna", role));
            using var other = await SendAsync(HttpMethod.Get, rest, "bert", role);
            Assert.Equal(HttpStatusCode.BadRequest, other.StatusCode);
            Assert.Contains("another user", await other.Content.ReadAsStringAsync());

            await using var stricter = await StartAsync("notes_reader");
            using var after = await SendAsync(stricter, HttpMethod.Get, rest, "anna", role);
            Assert.Equal(call == "mine" ? HttpStatusCode.OK : HttpStatusCode.Conflict, after.StatusCode);
        }
    }

    [Fact]
    public async Task The_catalogue_tells_who_may_and_warns_where_every_user_sees_every_row()
    {
        var catalogue = JsonNode.Parse(await _api.TextAsync("/queries"))!;
        var queries = catalogue["queries"]!.AsArray().ToDictionary(query => (string)query!["name"]!, query => query!);

        Assert.Equal("user", (string?)queries["mine"]["access"]);
        Assert.Empty(queries["mine"]["warnings"]!.AsArray());
        Assert.Empty(queries["tenant"]["parameters"]!.AsArray());
        Assert.Contains(
            "Every user sees every row of public.notes ",
            (string?)Assert.Single(queries["owner"]["warnings"]!.AsArray()));

        // The policies of a partitioned table count, and not those of its partitions.
        Assert.Empty(queries["by-year"]["warnings"]!.AsArray());
        Assert.Contains(
            "Every user sees every row of public.notes_open ",
            (string?)Assert.Single(queries["open-by-year"]["warnings"]!.AsArray()));
        var broken = catalogue["broken"]!.AsArray().ToDictionary(query => (string)query!["name"]!, query => query!);
        Assert.Contains("permission denied for table notes_secret", (string?)broken["no-right"]["reason"]);
        Assert.Contains("'notes_nobody'", (string?)broken["no-role"]["reason"]);
    }

    private Task<PlainApi> StartAsync(string roles) => PlainApi.StartAsync(
        app =>
        {
            app.Use((http, next) =>
            {
                if (http.Request.Headers["Test-User"].FirstOrDefault() is { } user)
                {
                    var claims = http.Request.Headers["Test-Claim"]
                        .Select(claim => claim!.Split('=', 2))
                        .Select(claim => new Claim(claim[0], claim[1], claim[1][0] == '{' ? "JSON" : null))
                        .Prepend(new Claim("sub", user));
                    http.User = new ClaimsPrincipal(new ClaimsIdentity(claims, "test"));
                }

                return next(http);
            });
            app.MapQueries();
            app.MapPublicQueries();
            app.MapGet("/public/queries/of/{tenant}", (string tenant) => StreamResults.Query(
                "tenant", new() { Values = { ["tenant"] = tenant } }));
        },
        services => services.AddChunkStream()
            .AddQueries(options =>
            {
                (options.QueriesPath, options.ResumeKey) = (_files.Folder, Secret);
                options.DatabaseRoles = roles;
            })
            .AddPostgres(_ => new NpgsqlDataSourceBuilder(postgres.ConnectionString)));

    private Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string call, string? user, params (string Type, string Value)[] claims)
        => SendAsync(_api, method, call, user, claims);

    private static async Task<HttpResponseMessage> SendAsync(
        PlainApi api, HttpMethod method, string call, string? user, params (string Type, string Value)[] claims)
    {
        using var request = new HttpRequestMessage(method, $"/public/queries/{call}");
        if (user is not null)
            request.Headers.Add("Test-User", user);
        request.Headers.Add("Test-Claim", claims.Select(claim => $"{claim.Type}={claim.Value}"));
        return await api.Client.SendAsync(request).Within();
    }

    private async Task<string> TextAsync(string call, string user, params (string Type, string Value)[] claims)
    {
        using var response = await SendAsync(HttpMethod.Get, call, user, claims);
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, body);
        return body;
    }

    private static JsonNode[] Lines(string text)
        => [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
}
