using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.DurableStreams.Access;

/// <summary>Capability URLs: who may make them, what they open, and what is none.</summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class CapabilityTests(RealPostgres postgres) : IAsyncLifetime
{
    private const string FunctionKey = "a-key-of-some-length";
    // Long enough for HS512, so that it is refused for being that.
    private const string Key = "a secret of the capability tests, of more than 64 bytes, as they may be";
    private const string Before = "the secret that was in use before it";
    private const string Unresolved = "@Microsoft.KeyVault(SecretUri=https://kv-x.vault.azure.net/secrets/a-key)";
    private const string Header = """{"alg":"HS256","typ":"chunkstream-capability+jwt"}""";

    private readonly string _root = $"c{Guid.NewGuid():n}";
    private readonly string _folder = Directory.CreateTempSubdirectory("chunkstream-policy-").FullName;
    private TokenIssuer _issuer = null!;
    private LocalApi _api = null!;

    public async Task InitializeAsync()
    {
        var policy = Path.Combine(_folder, "streams.policy");
        await File.WriteAllTextAsync(
            policy,
            $$"""
            {{_root}}/{sub}/**: read, append, share
            {{_root}}/shown/*: read
            {{_root}}/shown/*: share for sharer
            recordings/lines/{{_root}}/*: share, read, create, append
            """);
        _issuer = await TokenIssuer.StartAsync();
        _api = await LocalApi.StartAsync(
            postgres.ConnectionString, FunctionKey,
            [
                .. _issuer.Settings,
                ("ChunkStream:Streams:PolicyPath", policy),
                ("ChunkStream:Streams:CapabilityKey", Key),
                ("ChunkStream:Streams:CapabilityKeyBefore", Before),
                ("ChunkStream:Streams:MaxCapabilitySeconds", "1000"),
                ("Logging:LogLevel:Default", "Information"),
            ]);
        foreach (var path in (string[])["anna/a", "anna/b/c", "bert/a", "shown/a"])
        {
            using var made = await _api.PutAsync(
                $"{_root}/{path}", "text/plain", "hello", ("x-functions-key", FunctionKey));
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
    public async Task Users_pass_on_what_they_may_do_themselves_where_they_may_share_and_a_key_passes_on_everything()
    {
        (string Who, string Scope, string Operations, int Status)[] cases =
        [
            ("anna", "path anna/a", "read", 201),
            ("anna", "path anna/none", "read,append", 201),
            ("anna", "prefix anna/", "read,append", 201),
            ("anna", "prefix anna/b/", "append", 201),
            ("anna", "path anna/a", "delete", 403),
            ("anna", "path anna/a", "read,create", 403),
            ("anna", "path bert/a", "read", 403),
            ("anna", "prefix bert/", "read", 403),
            ("anna", "path shown/a", "read", 403),
            ("anna", "prefix shown/", "read", 403),
            ("sharer", "path shown/a", "read", 201),
            ("sharer", "path shown/a", "append", 403),
            ("sharer", "prefix shown/", "read", 403),
            ("nobody", "path anna/a", "read", 401),
            ("malory", "path anna/a", "read", 401),
            ("key", "path bert/a", "read,append,create,close,delete", 201),
            ("key", "prefix bert/", "read", 201),
            ("no key", "path bert/a", "read", 401),
        ];
        foreach (var (who, scope, operations, status) in cases)
        {
            var (kind, path) = (scope.Split(' ')[0], $"{_root}/{scope.Split(' ')[1]}");
            var list = string.Join(',', operations.Split(',').Select(operation => $"\"{operation}\""));
            var (made, answer) = await MakeAsync(
                who, $$"""{"{{kind}}":"{{path}}","operations":[{{list}}],"seconds":600}""");

            Assert.Equal((who, scope, operations, status), (who, scope, operations, made));
            if (status == 201)
                Assert.StartsWith($"{_api.Origin}/api/public/streams/{path}?capability=", (string?)answer["url"]);
        }

        // Nobody passes on more time than they have, and none is for longer than the setting says.
        var (_, short1) = await MakeAsync(_issuer.Token(claims: c => c["exp"] = TokenIssuer.In(100)), Body("anna/a"));
        Assert.InRange(In(short1), 40, 100);
        var (_, long1) = await MakeAsync("key", Body("anna/a"));
        Assert.InRange(In(long1), 540, 600);

        // A URL has room for it, whoever made it.
        var name = new string('s', 7000);
        var (_, long2) = await MakeAsync(_issuer.Token(name, c => c["roles"] = "sharer"), Body("shown/a"));
        Assert.Equal("hello", await _api.Client.GetStringAsync((string?)long2["url"]).Within());

        // A capability does not make another.
        using var request = new HttpRequestMessage(
            HttpMethod.Post, $"/api/public/capabilities?capability={(string?)long1["token"]}");
        request.Content = new StringContent(Body("anna/a"));
        using var again = await _api.Client.SendAsync(request).Within();
        Assert.Equal(HttpStatusCode.Forbidden, again.StatusCode);

        double In(JsonNode answer) => (DateTimeOffset.Parse(
            (string)answer["expires"]!, CultureInfo.InvariantCulture) - TimeProvider.System.GetUtcNow()).TotalSeconds;
    }

    [Fact]
    public async Task What_is_asked_for_wrongly_is_told_with_all_mistakes()
    {
        (string Body, string Told)[] cases =
        [
            ("", "no JSON object"),
            ("[]", "no JSON object"),
            ("""{"path":"a","path":"b","operations":["read"],"seconds":1}""", "no JSON object"),
            ("""{"path":"\ud800","operations":["read"],"seconds":1}""", "no JSON object"),
            ("""{"operations":["read"],"seconds":1}""", "either 'path'"),
            ("""{"path":"a","prefix":"a/","operations":["read"],"seconds":1}""", "either 'path'"),
            ("""{"path":7,"operations":["read"],"seconds":1}""", "either 'path'"),
            ("""{"path":"a/","operations":["read"],"seconds":1}""", "empty segment"),
            ("""{"path":"a/../b","operations":["read"],"seconds":1}""", "'.' or '..'"),
            ("""{"path":"a%2fb","operations":["read"],"seconds":1}""", "percent-encoding"),
            ("""{"prefix":"a","operations":["read"],"seconds":1}""", "end with a slash"),
            ("""{"prefix":"/","operations":["read"],"seconds":1}""", "missing"),
            ("""{"prefix":"a//","operations":["read"],"seconds":1}""", "empty segment"),
            ("""{"path":"a","operations":["share"],"seconds":1}""", "some of read, append, create, close, delete."),
            ("""{"path":"a","operations":["none"],"seconds":1}""", "some of read"),
            ("""{"path":"a","operations":[],"seconds":1}""", "some of read"),
            ("""{"path":"a","operations":"read","seconds":1}""", "some of read"),
            ("""{"path":"a","operations":["read",1],"seconds":1}""", "some of read"),
            ("""{"path":"a","operations":["read"],"seconds":0}""", "from 1 to 1000"),
            ("""{"path":"a","operations":["read"],"seconds":1001}""", "from 1 to 1000"),
            ("""{"path":"a","operations":["read"]}""", "from 1 to 1000"),
            ("""{"path":"a","operations":["read"],"seconds":1,"role":"x"}""", "'role' is none of"),
            ("""{"path":"","operations":[],"second":1}""", "'second' is none of path, prefix, operations, seconds. "
                + "This is not a stream's path. It is missing: name a stream, such as /streams/orders/42. "
                + "'operations' must be"),
            (new string(' ', 20_000), "16384 bytes"),
        ];
        foreach (var (body, told) in cases)
        {
            var (status, problem) = await MakeAsync("key", body);
            Assert.Equal((told, 400), (told, status));
            Assert.Contains(told, (string?)problem["detail"], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_URL_opens_what_it_says_to_whoever_has_it_and_nothing_else()
    {
        (string Scope, string Operations, string Call, int Status)[] cases =
        [
            ("anna/a", "read", "GET anna/a", 200),
            ("anna/a", "read", "HEAD anna/a", 200),
            ("anna/a", "read", "POST anna/a", 403),
            ("anna/a", "read", "DELETE anna/a", 403),
            ("anna/a", "read", "GET anna/b/c", 403),
            ("anna/a", "read", "GET anna/a/b", 403),
            ("anna/a", "read", "GET anna/aa", 403),
            ("anna/", "read", "GET anna/a", 200),
            ("anna/", "read", "GET anna/b/c", 200),
            ("anna/", "read", "GET anna/none", 404),
            ("anna/", "read", "GET bert/a", 403),
            ("anna/", "read", "GET anna", 403),
            ("anna/b/", "read", "GET anna/a", 403),
            ("anna/b/", "read", "GET anna/bb/c", 403),
            ("anna/b/", "read", "GET anna/%62/c", 200),
            ("anna/b/", "read", "GET anna/b%2Fc", 400),
            ("anna/b/", "read", "GET anna/b%2F..%2Fa", 400),
            ("anna/x", "append", "POST anna/x", 404),
            ("anna/x", "create", "PUT anna/x", 403),
            ("anna/x", "create,append", "PUT anna/x", 201),
            ("anna/x", "append", "POST anna/x", 204),
            ("anna/x", "append", "GET anna/x", 403),
            ("anna/x", "delete", "DELETE anna/x", 204),
            ("", "read", "GET anna/a", 401),
        ];
        foreach (var (scope, operations, call, status) in cases)
        {
            using var response = await CallAsync(call, Token(scope, operations));
            Assert.Equal((scope, operations, call, status), (scope, operations, call, (int)response.StatusCode));
        }

        // It counts alone, whoever has it, and nothing of it makes a cache keep what it opened for others.
        using var own = await CallAsync("GET bert/a", Token("anna/a", "read"), _issuer.Token("bert"));
        Assert.Equal(HttpStatusCode.Forbidden, own.StatusCode);
        using var read = await CallAsync("GET anna/a", Token("anna/a", "read", seconds: 30));
        Assert.Matches("^private, max-age=(1[0-9]|2[0-9]|30)$", read.Header("Cache-Control"));
        Assert.Equal("cross-origin", read.Header("Cross-Origin-Resource-Policy"));
        Assert.Equal("no-referrer", read.Header("Referrer-Policy"));

        // A recording is made and read with one, too.
        var path = $"recordings/lines/{_root}/r";
        var (_, made) = await MakeAsync(
            "anna", $$"""{"path":"{{path}}","operations":["read","create","append"],"seconds":60}""");
        Assert.Equal("Line 0\n", await _api.Client.GetStringAsync(
            $"/api/lines?count=1&record={_root}/r&capability={(string?)made["token"]}").Within());
        Assert.Equal("Line 0\n", await _api.Client.GetStringAsync((string?)made["url"]).Within());
    }

    [Fact]
    public async Task What_is_no_capability_opens_nothing_and_is_not_logged()
    {
        var claims = Claims("anna/a", "read");
        var good = Sign(Header, claims, Key);
        var parts = good.Split('.');
        Assert.Equal(200, await ReadAsync(good));
        Assert.Equal(200, await ReadAsync(Sign(Header, claims, Before)));
        string[] bad =
        [
            "", ".", "..", "x", "a.b.c", new string('a', 6000), $"{parts[0]}.{parts[1]}.", $"{parts[0]}.{parts[1]}",
            $"{good}.x", $"{parts[0]}.{parts[1]}.{parts[2][1..]}",
            $"{parts[0]}.{TokenKey.Text("{}"u8.ToArray())}.{parts[2]}",
            Sign(Header, claims, Key + "x"),
            Sign(Header, claims, ""),
            Sign("""{"alg":"none","typ":"chunkstream-capability+jwt"}""", claims, Key),
            $"{TokenKey.Text("""{"alg":"none","typ":"chunkstream-capability+jwt"}"""u8.ToArray())}.{parts[1]}.",
            Sign("""{"alg":"HS512","typ":"chunkstream-capability+jwt"}""", claims, Key),
            Sign("""{"alg":"HS256","typ":"JWT"}""", claims, Key),
            Sign("""{"alg":"HS256"}""", claims, Key),
            Sign("""{"alg":"HS256","typ":"at+jwt"}""", claims, Key),
            Sign("""{"alg":"HS256","typ":"chunkstream-capability+jwt","crit":["x"],"x":1}""", claims, Key),
            Sign(Header, With("exp", TokenIssuer.In(-1)), Key),
            Sign(Header, With("exp", null), Key),
            Sign(Header, With("exp", "tomorrow"), Key),
            Sign(Header, With("iss", "https://issuer.example"), Key),
            Sign(Header, With("aud", "api://notes"), Key),
            Sign(Header, With("path", null), Key),
            Sign(Header, With("path", ""), Key),
            Sign(Header, With("path", $"{_root}/anna/"), Key),
            Sign(Header, With("prefix", $"{_root}/anna/"), Key),
            Sign(Header, claims.Replace("{", "[", StringComparison.Ordinal), Key),
            Sign(Header, With("path", $"{_root}/anna/", "prefix"), Key),
            _issuer.Token(),
            _issuer.Token(header: first => first["typ"] = "chunkstream-capability+jwt"),
        ];
        foreach (var token in bad)
        {
            using var response = await CallAsync("GET anna/a", token);
            Assert.Equal((token, 401), (token, (int)response.StatusCode));
            Assert.Equal("urn:chunkstream:invalid-capability", (string?)(await response.ProblemAsync())["type"]);
        }

        Assert.Equal(403, await ReadAsync(Sign(Header, With("ops", new JsonArray()), Key)));
        Assert.Equal(403, await ReadAsync(Sign(Header, With("ops", "*"), Key)));
        using var twice = await CallAsync("GET anna/a", $"{good}&capability={good}");
        Assert.Equal(HttpStatusCode.Unauthorized, twice.StatusCode);

        // A capability is no access token.
        using var asToken = await CallAsync("GET anna/a", null, good);
        Assert.Equal(HttpStatusCode.Unauthorized, asToken.StatusCode);
        var (status, _) = await MakeAsync(good, Body("anna/a"));
        Assert.Equal(401, status);

        Assert.NotEmpty(_api.Log.Entries);
        foreach (var part in parts.Concat(bad.SelectMany(token => token.Split('.'))).Where(part => part.Length > 20))
            Assert.DoesNotContain(_api.Log.Entries, entry => $"{entry.Message}{entry.Exception}".Contains(part));

        string With(string name, JsonNode? value, string? also = null)
        {
            var changed = JsonNode.Parse(claims)!;
            if (also is not null)
                changed[also] = value?.DeepClone();
            if (value is null)
                changed.AsObject().Remove(name);
            else
                changed[name] = value;
            return changed.ToJsonString();
        }
    }

    [Fact]
    public async Task A_live_read_ends_with_its_capability()
    {
        var expiry = TokenIssuer.In(8);
        var token = Sign(Header, Claims("anna/a", "read", expiry), Key);
        using var live = await CallAsync($"GET anna/a?offset=-1&live=sse&capability={token}", null);
        var events = await live.Content.ReadAsStringAsync().Within();

        var end = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        // It would last for a minute otherwise. The upper bound is for a busy machine.
        Assert.InRange(end, (expiry * 1000) - 100, (expiry * 1000) + 20_000);
        Assert.Contains("data:hello", events.Replace(": ", ":", StringComparison.Ordinal), StringComparison.Ordinal);

        // A timer may fire a moment before the clock has come so far.
        await Bounded.Until(
            async () => await ReadAsync(token) == 401, "the capability opens nothing", TimeSpan.FromSeconds(2));
    }

    [Theory]
    [InlineData("a secret that has 32 bytes alone")]
    [InlineData("a longer secret with an ä, of more bytes than a block of the hash has, which is then hashed first")]
    public async Task SQL_makes_the_same_token_as_the_app(string key)
    {
        await using var api = await LocalApi.StartAsync(
            postgres.ConnectionString, FunctionKey, [("ChunkStream:Streams:CapabilityKey", key)]);
        var path = $"{_root}/\"ä\\/€";
        var url = Uri.EscapeDataString(path).Replace("%2F", "/", StringComparison.Ordinal);
        using var there = await api.PutAsync(url, "text/plain", "hi", ("x-functions-key", FunctionKey));
        Assert.Equal(HttpStatusCode.Created, there.StatusCode);
        foreach (var scope in (string[])[path, $"{_root}/"])
        {
            var sql = await postgres.ScalarAsync<string>(
                $"select chunkstream.capability('{key}', '{scope}', array['read', 'append'], 600)");
            using var read = await api.ReadAsync($"/api/public/streams/{url}?capability={sql}");
            Assert.Equal("hi", await read.Content.ReadAsStringAsync());

            var kind = scope == path ? "path" : "prefix";
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/capabilities?code={FunctionKey}");
            request.Content = new StringContent(new JsonObject
            {
                [kind] = scope,
                ["operations"] = new JsonArray("read", "append"),
                ["seconds"] = 600,
            }.ToJsonString());
            using var made = await api.Client.SendAsync(request).Within();
            var token = (string)JsonNode.Parse(await made.Content.ReadAsStringAsync())!["token"]!;
            var (ours, theirs) = (Parts(token), Parts(sql));
            Assert.Equal(ours.Header, theirs.Header);
            Assert.Equal(ours.Claims.Select(claim => claim.Key), theirs.Claims.Select(claim => claim.Key));
            Assert.InRange((long)theirs.Claims["exp"]! - (long)ours.Claims["exp"]!, -30, 1);
            Assert.Equal(("key", "sql postgres"), ((string?)ours.Claims["by"], (string?)theirs.Claims["by"]));
            foreach (var same in (string[])["iss", "aud", kind, "ops"])
                Assert.Equal(ours.Claims[same]!.ToJsonString(), theirs.Claims[same]!.ToJsonString());
        }

        static (string Header, JsonObject Claims) Parts(string token)
        {
            var parts = token.Split('.').Select(part => System.Buffers.Text.Base64Url.DecodeFromChars(part)).ToArray();
            return (Encoding.UTF8.GetString(parts[0]), JsonNode.Parse(parts[1])!.AsObject());
        }
    }

    [Theory]
    [InlineData("'short', 'a', array['read'], 1", "The key")]
    [InlineData("null, 'a', array['read'], 1", "The key")]
    [InlineData("repeat(' ', 40), 'a', array['read'], 1", "The key")]
    [InlineData("repeat('k', 32), '', array['read'], 1", "path")]
    [InlineData("repeat('k', 32), '/', array['read'], 1", "path")]
    [InlineData("repeat('k', 32), 'a//', array['read'], 1", "path")]
    [InlineData("repeat('k', 32), 'a/../b', array['read'], 1", "path")]
    [InlineData("repeat('k', 32), '__ds/', array['read'], 1", "path")]
    [InlineData("repeat('k', 32), null, array['read'], 1", "path")]
    [InlineData("repeat('k', 32), 'a', array['share'], 1", "operations")]
    [InlineData("repeat('k', 32), 'a', array['read', null], 1", "operations")]
    [InlineData("repeat('k', 32), 'a', '{}', 1", "operations")]
    [InlineData("repeat('k', 32), 'a', null, 1", "operations")]
    [InlineData("repeat('k', 32), 'a', array['read'], 0", "seconds")]
    [InlineData("repeat('k', 32), 'a', array['read'], null", "seconds")]
    public async Task SQL_refuses_what_can_t_be_a_capability(string arguments, string told)
    {
        var failure = await Assert.ThrowsAsync<Npgsql.PostgresException>(
            () => postgres.ExecuteAsync($"select chunkstream.capability({arguments})"));
        Assert.Equal("22023", failure.SqlState);
        Assert.Contains(told, failure.MessageText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_secret_there_are_none_and_one_that_can_be_guessed_is_refused_at_start()
    {
        await using var off = await LocalApi.StartAsync(functionKey: FunctionKey);
        using var made = await off.Client.PostAsync(
            $"/api/capabilities?code={FunctionKey}", new StringContent("{}")).Within();
        Assert.Equal(HttpStatusCode.NotFound, made.StatusCode);
        Assert.Contains("CapabilityKey", (string?)(await made.ProblemAsync())["detail"], StringComparison.Ordinal);
        using var read = await off.GetAsync($"/api/public/streams/a?capability={Token("a", "read")}");
        Assert.Equal(HttpStatusCode.Unauthorized, read.StatusCode);
        Assert.Contains("CapabilityKey", (string?)(await read.ProblemAsync())["detail"], StringComparison.Ordinal);
        (string Setting, string Value, string Told)[] mistakes =
        [
            ("Streams:CapabilityKey", new string('k', 31), "Streams:CapabilityKey must have 32 bytes"),
            ("Streams:CapabilityKeyBefore", "short", "Streams:CapabilityKeyBefore must have 32 bytes"),

            // What Azure leaves where it can't read the secret.
            ("Streams:CapabilityKey", Unresolved, "Streams:CapabilityKey is a reference to Key Vault"),
            ("ResumeKey", Unresolved, "ChunkStream:ResumeKey is a reference to Key Vault"),
        ];
        foreach (var (setting, value, told) in mistakes)
        {
            var failure = await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(
                () => LocalApi.StartAsync(settings: ($"ChunkStream:{setting}", value)));
            Assert.Contains(told, failure.Message, StringComparison.Ordinal);
        }
    }

    private string Body(string path)
        => $$"""{"path":"{{_root}}/{{path}}","operations":["read"],"seconds":600}""";

    private string Claims(string scope, string operations, long? expiry = null) => new JsonObject
    {
        ["iss"] = "chunkstream",
        ["aud"] = "durable-streams",
        [scope.EndsWith('/') ? "prefix" : "path"] = scope.Length == 0 ? "" : $"{_root}/{scope}",
        ["ops"] = new JsonArray([.. operations.Split(',').Select(name => (JsonNode)name)]),
        ["exp"] = expiry ?? TokenIssuer.In(60),
        ["by"] = "test",
    }.ToJsonString();

    private string Token(string scope, string operations, int seconds = 60)
        => Sign(Header, Claims(scope, operations, TokenIssuer.In(seconds)), Key);

    private static string Sign(string header, string claims, string key)
    {
        var signed = $"{TokenKey.Text(Encoding.UTF8.GetBytes(header))}.{TokenKey.Text(Encoding.UTF8.GetBytes(claims))}";
        var (data, secret) = (Encoding.ASCII.GetBytes(signed), Encoding.UTF8.GetBytes(key));
        var signature = header.Contains("HS512", StringComparison.Ordinal)
            ? HMACSHA512.HashData(secret, data)
            : HMACSHA256.HashData(secret, data);
        return $"{signed}.{TokenKey.Text(signature)}";
    }

    private async Task<int> ReadAsync(string token)
    {
        using var response = await CallAsync("GET anna/a", token);
        return (int)response.StatusCode;
    }

    private async Task<HttpResponseMessage> CallAsync(string call, string? capability, string? bearer = null)
    {
        var parts = call.Split(' ');
        var query = capability is null ? "" : $"?capability={capability}";
        using var request = new HttpRequestMessage(
            new HttpMethod(parts[0]), $"/api/public/streams/{_root}/{parts[1]}{query}");
        if (parts[0] is "PUT" or "POST")
            request.Content = new StringContent("x", new MediaTypeHeaderValue("text/plain"));
        if (bearer is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        return await _api.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).Within();
    }

    private async Task<(int Status, JsonNode Answer)> MakeAsync(string who, string body)
    {
        var route = who is "key" or "no key" ? "capabilities" : "public/capabilities";
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/{route}");
        request.Content = new StringContent(body);
        if (who == "key")
            request.Headers.Add("x-functions-key", FunctionKey);
        var token = who switch
        {
            "key" or "no key" or "nobody" => null,
            "malory" => "a.b.c",
            "anna" => _issuer.Token("anna"),
            "sharer" => _issuer.Token("sharer", claims => claims["roles"] = "sharer"),
            _ => who,
        };
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await _api.Client.SendAsync(request).Within();
        Assert.Equal("no-store", response.Header("Cache-Control"));
        return ((int)response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!);
    }
}
