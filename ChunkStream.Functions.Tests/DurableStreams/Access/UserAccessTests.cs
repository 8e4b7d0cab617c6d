using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;

namespace ChunkStream.Functions.Tests.DurableStreams.Access;

/// <summary>Users on the public route, with their tokens, by a policy.</summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class UserAccessTests(RealPostgres postgres) : IAsyncLifetime
{
    private const string Key = "a-key-of-some-length";

    // Each run has its own streams.
    private readonly string _root = $"p{Guid.NewGuid():n}";
    private readonly string _folder = Directory.CreateTempSubdirectory("chunkstream-policy-").FullName;
    private TokenIssuer _issuer = null!;
    private LocalApi _api = null!;

    private string Policy => Path.Combine(_folder, "streams.policy");

    public async Task InitializeAsync()
    {
        await File.WriteAllTextAsync(
            Policy,
            $$"""
            {{_root}}/users/{sub}/**: read, append, create, close, delete
            {{_root}}/rooms/{claim:team}/*: read
            {{_root}}/inbox/*: append
            {{_root}}/empty/*: create
            {{_root}}/made/*: create, append
            {{_root}}/ends/*: close
            {{_root}}/admin/**: read, append, create, close, delete for boss
            recordings/lines/{{_root}}/{sub}/*: read, append, create
            recordings/lines/{{_root}}/shown/*: read
            """);
        _issuer = await TokenIssuer.StartAsync();
        _api = await StartAsync();
        foreach (var path in (string[])["users/anna/a", "users/bert/a", "rooms/red/1", "inbox/a", "ends/a", "admin/a"])
        {
            using var made = await _api.PutAsync($"{_root}/{path}", "text/plain", "hello", ("x-functions-key", Key));
            Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        }
    }

    public async Task DisposeAsync()
    {
        await _api.DisposeAsync();
        await _issuer.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Each_user_may_what_the_lines_say_and_nothing_else()
    {
        (string Who, string Call, int Status)[] cases =
        [
            ("anna", "GET users/anna/a", 200),
            ("anna", "HEAD users/anna/a", 200),
            ("anna", "GET users/anna/none", 404),
            ("anna", "PUT users/anna/b/c +", 201),
            ("anna", "POST users/anna/b/c +", 204),
            ("anna", "POST users/anna/b/c close", 204),
            ("anna", "GET users/anna/b/c", 200),
            ("anna", "DELETE users/anna/b/c", 204),
            ("anna", "GET users/bert/a", 403),
            ("anna", "HEAD users/bert/a", 403),
            ("anna", "PUT users/bert/a +", 403),
            ("anna", "POST users/bert/a +", 403),
            ("anna", "DELETE users/bert/a", 403),
            ("anna", "GET users/anna", 403),
            ("anna", "GET users/Anna/a", 403),
            ("bert", "GET users/bert/a", 200),
            ("bert", "GET users/anna/a", 403),

            ("anna", "GET rooms/red/1", 200),
            ("anna", "POST rooms/red/1 +", 403),
            ("anna", "GET rooms/green/1", 403),
            ("bert", "GET rooms/red/1", 403),

            // Each operation is one of its own.
            ("anna", "POST inbox/a +", 204),
            ("anna", "POST inbox/a close", 403),
            ("anna", "POST inbox/a + close", 403),
            ("anna", "GET inbox/a", 403),
            ("anna", "PUT inbox/b", 403),
            ("anna", "DELETE inbox/a", 403),
            ("anna", "PUT empty/a", 201),
            ("anna", "PUT empty/b +", 403),
            ("anna", "PUT empty/c close", 403),
            ("anna", "PUT made/a +", 201),
            ("anna", "PUT made/b + close", 403),
            ("anna", "POST ends/a + close", 403),
            ("anna", "POST ends/a close", 204),

            ("anna", "GET admin/a", 403),
            ("boss", "GET admin/a", 200),
            ("boss", "PUT admin/b + close", 201),
            ("boss", "GET users/anna/a", 403),

            ("nobody", "GET users/anna/a", 403),
            ("nobody", "PUT users/anna/x", 401),
            ("nobody", "POST inbox/a +", 401),
            ("nobody", "DELETE users/anna/a", 401),
            ("malory", "GET users/anna/a", 401),
            ("malory", "POST inbox/a +", 401),
        ];

        foreach (var (who, call, status) in cases)
        {
            using var response = await CallAsync(who, call);
            Assert.Equal((who, call, status), (who, call, (int)response.StatusCode));
            var challenge = response.Headers.WwwAuthenticate.ToString();
            Assert.Equal(status == 401 || (status == 403 && who != "nobody"), challenge.StartsWith("Bearer", default));
        }

        // What was refused was not done.
        Assert.Equal("hellox", await TextAsync("inbox/a"));
        using var empty = await _api.ReadAsync($"{_root}/empty/b", "?code=" + Key);
        Assert.Equal(HttpStatusCode.NotFound, empty.StatusCode);
    }

    [Fact]
    public async Task A_refusal_does_not_tell_whether_there_is_a_stream()
    {
        foreach (var method in (string[])["GET", "PUT", "POST", "DELETE"])
        {
            using var there = await CallAsync("anna", $"{method} users/bert/a +");
            using var missing = await CallAsync("anna", $"{method} users/bert/b +");
            Assert.Equal(HttpStatusCode.Forbidden, there.StatusCode);
            Assert.Equal(Told(there), Told(missing));
            Assert.Equal(await there.Content.ReadAsStringAsync(), await missing.Content.ReadAsStringAsync());
        }

        // Neither does a fork, of which the source is another's.
        foreach (var source in (string[])["users/bert/a", "users/bert/b"])
        {
            using var refused = await ForkAsync(_api, source);
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        }

        using var own = await ForkAsync(_api, "users/anna/a");
        Assert.Equal(HttpStatusCode.Created, own.StatusCode);

        static string Told(HttpResponseMessage response) => string.Join('\n', response.Headers.Concat(
            response.Content.Headers).Where(header => header.Key != "Date").Select(
            header => $"{header.Key}: {string.Join(',', header.Value)}"));
    }

    [Fact]
    public async Task A_path_is_compared_as_it_is_stored_and_a_claim_is_never_more_than_a_segment()
    {
        (string Path, int Status)[] paths =
        [
            ("users/%61nna/a", 200),
            ("users/anna%2Fa", 400),
            ("users%2Fanna/a", 400),
            ("users/anna/../bert/a", 400),
            ("users/anna/%2e%2e/bert/a", 400),
            ("users/anna/%252e%252e/bert/a", 400),
            ("users/anna//a", 400),
            ("users/anna/", 400),
            ("users/*/a", 403),
            ("users/{sub}/a", 403),
            ("users/anna%00/a", 400),
        ];
        foreach (var (path, status) in paths)
        {
            var response = await RawRequest.SendAsync(
                _api.Client.BaseAddress!,
                $"GET /api/public/streams/{_root}/{path} HTTP/1.1\nAuthorization: Bearer {_issuer.Token()}");
            Assert.Equal((path, status), (path, response.Status));
        }

        foreach (var subject in (string[])["bert/a", "..", ".", "*", "**", "%62ert", "bert/../bert", "{sub}", "bert "])
        {
            using var response = await CallAsync(_issuer.Token(subject), "GET users/bert/a");
            Assert.Equal((subject, HttpStatusCode.Forbidden), (subject, response.StatusCode));
        }

        // A stream's path may have a star, but no claim stands for it.
        using var made = await _api.PutAsync($"{_root}/users/*/a", "text/plain", "x", ("x-functions-key", Key));
        using var star = await CallAsync(_issuer.Token("*"), "GET users/*/a");
        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.Forbidden), (made.StatusCode, star.StatusCode));
        using var empty = await CallAsync(_issuer.Token(""), "GET users/a");
        Assert.Equal(HttpStatusCode.Unauthorized, empty.StatusCode);
    }

    [Fact]
    public async Task A_live_read_ends_with_its_token_and_goes_on_with_the_next_and_a_cache_keeps_it_for_its_user()
    {
        // Both requests have to arrive before it: one that arrives later may go on for as long as clocks may differ.
        var expiry = TokenIssuer.In(8);
        var token = _issuer.Token(claims: claims => claims["exp"] = expiry);
        using var live = await CallAsync(token, "GET users/anna/a", query: "?offset=-1&live=sse");
        using var poll = CallAsync(
            token, "GET users/anna/a", query: $"?offset={DurableCalls.Offset(5)}&live=long-poll");
        var events = await live.Content.ReadAsStringAsync().Within();
        using var polled = await poll;

        var end = TimeProvider.System.GetUtcNow();
        // They would last for a minute and for 20 seconds otherwise. The upper bound is for a busy machine.
        Assert.InRange(end.ToUnixTimeMilliseconds(), (expiry * 1000) - 100, (expiry * 1000) + 10_000);
        Assert.Contains("\"streamNextOffset\":\"" + DurableCalls.Offset(5), events, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NoContent, polled.StatusCode);

        var before = _issuer.Token(claims: claims => claims["exp"] = TokenIssuer.In(-40));
        using var expired = await CallAsync(before, "GET users/anna/a");
        Assert.Equal(HttpStatusCode.Unauthorized, expired.StatusCode);
        using var next = await CallAsync("anna", "GET users/anna/a", query: $"?offset={DurableCalls.Offset(2)}");
        Assert.Equal("llo", await next.Content.ReadAsStringAsync());
        Assert.StartsWith("private, ", next.Header("Cache-Control"), StringComparison.Ordinal);
        Assert.Equal("Accept-Encoding, Origin, Authorization", next.Header("Vary"));
        Assert.Equal("same-origin", next.Header("Cross-Origin-Resource-Policy"));
    }

    [Fact]
    public async Task What_a_user_reads_who_is_signed_in_by_a_cookie_is_no_other_user_s_of_the_same_browser()
    {
        await using var api = await StartAsync(("ChunkStream:Identity:EasyAuth", "true"));
        var (anna, bert) = (Principal("anna"), Principal("bert"));
        using var read = await CallAsync(api, "nobody", "GET users/anna/a", anna);
        Assert.Equal("private, no-cache", read.Header("Cache-Control"));
        Assert.Equal("hello", await read.Content.ReadAsStringAsync());

        // As a browser asks that has it.
        var known = ("If-None-Match", read.Header("ETag")!);
        using var again = await CallAsync(api, "nobody", "GET users/anna/a", anna, known);
        using var next = await CallAsync(api, "nobody", "GET users/anna/a", bert, known);
        Assert.Equal((HttpStatusCode.NotModified, HttpStatusCode.Forbidden), (again.StatusCode, next.StatusCode));

        static (string, string) Principal(string subject) => ("X-MS-CLIENT-PRINCIPAL", Convert.ToBase64String(
            Encoding.UTF8.GetBytes(
                $$"""{"auth_typ":"aad","claims":[{"typ":"sub","val":"{{subject}}"},{"typ":"iss","val":"me"}]}""")));
    }

    [Fact]
    public async Task A_recording_is_made_and_read_by_the_same_lines()
    {
        var (own, shown) = ($"{_root}/anna/1", $"{_root}/shown/1");
        Assert.Equal((403, "recording-not-public"), await RecordAsync("nobody", own));
        Assert.Equal((403, "forbidden"), await RecordAsync("bert", own));
        Assert.Equal((200, "Line 0\nLine 1\n"), await RecordAsync("anna", own));
        Assert.Equal((200, "Line 0\nLine 1\n"), await RecordAsync("anna", own));
        Assert.Equal((403, "forbidden"), await RecordAsync("bert", own));
        Assert.Equal((404, "not-found"), await RecordAsync("bert", shown));
        Assert.Equal((401, "invalid-access-token"), await RecordAsync("malory", own));
        Assert.Equal((400, "invalid-parameters"), await RecordAsync("anna", $"{_root}/anna/../bert/1"));

        using var read = await CallAsync("anna", $"GET /recordings/lines/{own}");
        Assert.Equal("Line 0\nLine 1\n", await read.Content.ReadAsStringAsync());
        using var another = await CallAsync("bert", $"GET /recordings/lines/{own}");
        Assert.Equal(HttpStatusCode.Forbidden, another.StatusCode);

        // One that is there may be read by those who may not make it.
        using var made = await _api.GetAsync($"/api/public/streams/recordings/lines/{shown}");
        Assert.Equal(HttpStatusCode.Forbidden, made.StatusCode);
        await File.AppendAllTextAsync(Policy, $"\nrecordings/lines/{_root}/shown/*: create, append for boss\n");
        await Bounded.Until(
            async () => (await RecordAsync("boss", shown)).Status == 200, "the new line of the policy holds");
        Assert.Equal((200, "Line 0\nLine 1\n"), await RecordAsync("bert", shown));
    }

    [Fact]
    public async Task Producers_of_two_users_with_one_name_are_two_and_each_repeats_only_itself()
    {
        (string, string)[] first = [("Producer-Id", "web"), ("Producer-Epoch", "0"), ("Producer-Seq", "0")];
        (string Who, int Status)[] appends =
            [("anna", 200), ("bert", 200), ("anna", 204), ("boss", 200), ("bert", 204)];
        foreach (var (who, status) in appends)
        {
            using var response = await CallAsync(_api, who, "POST inbox/a +", first);
            Assert.Equal((who, status), (who, (int)response.StatusCode));
        }

        // Whoever has a key is none of them.
        using var machine = await _api.PostAsync(
            $"{_root}/inbox/a", "text/plain", "x", [.. first, ("x-functions-key", Key)]);
        Assert.Equal(HttpStatusCode.OK, machine.StatusCode);
        Assert.Equal("helloxxxx", await TextAsync("inbox/a"));
    }

    [Fact]
    public async Task Where_everyone_may_read_no_token_is_looked_at_for_reading_and_users_still_write_by_the_policy()
    {
        await using var open = await StartAsync(("ChunkStream:Streams:PublicReading", "true"));
        using var read = await CallAsync(open, "malory", "GET users/bert/a");
        using var users = await CallAsync(open, "anna", "GET users/bert/a");
        using var written = await CallAsync(open, "anna", "POST users/anna/a +");
        using var refused = await CallAsync(open, "anna", "POST users/bert/a +");
        using var nobody = await CallAsync(open, "nobody", "POST users/anna/a +");
        using var forked = await ForkAsync(open, "users/bert/a");

        Assert.Equal(
            [200, 200, 204, 403, 401, 201],
            new[] { read, users, written, refused, nobody, forked }.Select(response => (int)response.StatusCode));
        Assert.StartsWith("public, ", users.Header("Cache-Control"), StringComparison.Ordinal);
        Assert.Equal("Accept-Encoding, Origin", users.Header("Vary"));
    }

    private Task<LocalApi> StartAsync(params (string Key, string Value)[] more) => LocalApi.StartAsync(
        postgres.ConnectionString, Key,
        [.. _issuer.Settings, ("ChunkStream:Streams:PolicyPath", Policy), .. more]);

    private async Task<(int Status, string Told)> RecordAsync(string who, string name)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/lines?count=2&record={name}");
        Authorize(request, who);
        using var response = await _api.Client.SendAsync(request).Within();
        var body = await response.Content.ReadAsStringAsync();
        return ((int)response.StatusCode, response.IsSuccessStatusCode
            ? body
            : ((string)JsonNode.Parse(body)!["type"]!).Replace("urn:chunkstream:", "", StringComparison.Ordinal));
    }

    private Task<HttpResponseMessage> ForkAsync(LocalApi api, string source)
        => CallAsync(api, "anna", "PUT users/anna/fork", ("Stream-Forked-From", $"{_root}/{source}"));

    private Task<HttpResponseMessage> CallAsync(string who, string call) => CallAsync(_api, who, call);

    private Task<HttpResponseMessage> CallAsync(string who, string call, string query)
        => CallAsync(_api, who, call, [], query);

    /// <summary>
    /// Calls as somebody, or with a token: a method, a path, and what the request has (<c>+</c>: a body, <c>close</c>).
    /// </summary>
    private async Task<HttpResponseMessage> CallAsync(
        LocalApi api, string who, string call, (string Name, string Value)[] headers, string query = "")
    {
        var parts = call.Split(' ');
        var path = parts[1].StartsWith('/') ? parts[1][1..] : $"{_root}/{parts[1]}";
        using var request = new HttpRequestMessage(new HttpMethod(parts[0]), $"/api/public/streams/{path}{query}");
        if (parts[0] is "PUT" or "POST")
        {
            request.Content = new ByteArrayContent(parts.Contains("+") ? "x"u8.ToArray() : []);
            if (parts.Contains("+"))
                request.Content.Headers.ContentType = new MediaTypeHeaderValue("text/plain");
        }

        if (parts.Contains("close"))
            request.Headers.Add("Stream-Closed", "true");
        foreach (var (name, value) in headers)
            request.Headers.Add(name, value);
        Authorize(request, who);
        return await api.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).Within();
    }

    private Task<HttpResponseMessage> CallAsync(
        LocalApi api, string who, string call, params (string Name, string Value)[] headers)
        => CallAsync(api, who, call, headers, "");

    private void Authorize(HttpRequestMessage request, string who)
    {
        var token = who switch
        {
            "nobody" => null,
            "malory" => "a.b.c",
            "anna" => _issuer.Token("anna", claims => claims["team"] = new JsonArray("blue", "red")),
            "bert" => _issuer.Token("bert", claims => claims["team"] = "green/../red"),
            "boss" => _issuer.Token("boss", claims => claims["roles"] = "boss"),
            _ => who,
        };
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    private async Task<string> TextAsync(string path) => await _api.TextAsync($"{_root}/{path}", "?code=" + Key);
}
