using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Live;

namespace ChunkStream.Functions.Tests.Postgres.Shapes;

/// <summary>Electric's protocol, as a client that is not npm's may speak it.</summary>
[Collection(RealPostgres.Collection)]
public sealed partial class ShapeEndpointTests(RealPostgres postgres) : IAsyncLifetime
{
    private const string Path = "/api/public/shapes/places";

    private readonly QueryFiles _files = new QueryFiles()
        .With(
            "places",
            "-- access: anonymous\n-- key: region, name\n-- live\n-- param: offset int = 0\n-- param: least int = 0\n"
            + "select region, name, size from shape_places where size >= @least + @offset")
        .With("plain", "-- access: anonymous\n-- key: name\nselect name from shape_places")
        .With(
            "mine",
            "-- access: user\n-- role: shape_reader\n-- key: region, name\n-- live\n"
            + "select region, name from shape_places");

    private LocalApi _api = null!;
    private TokenIssuer _issuer = null!;

    public async Task InitializeAsync()
    {
        await postgres.ExecuteAsync(
            """
            drop table if exists shape_places;
            drop role if exists shape_reader;
            create role shape_reader;
            create table shape_places (region text, name text, size int, primary key (region, name));
            insert into shape_places values ('a/"', 'b', 1), ('a', '/"b', 2);
            alter table shape_places enable row level security;
            create policy own on shape_places
                using (region = current_setting('request.jwt.claim.sub', true));
            grant select on shape_places to shape_reader;
            """);
        _issuer = await TokenIssuer.StartAsync();
        _api = await LocalApi.ServingAsync(postgres.ConnectionString, _files, _issuer.Settings);
    }

    public async Task DisposeAsync()
    {
        await _api.DisposeAsync();
        await _issuer.DisposeAsync();
        await postgres.ExecuteAsync("drop table shape_places; drop role shape_reader");
    }

    [Fact]
    public async Task A_start_has_all_rows_as_texts_and_the_offset_with_which_a_poll_waits_for_the_next_change()
    {
        var start = await GetAsync($"{Path}?offset=-1&log=full&replica=full&table=places&cache-buster=x");

        Assert.Equal(
            """{"region":{"type":"text"},"name":{"type":"text"},"size":{"type":"int4"}}""", start["electric-schema"]);
        Assert.Equal("no-transform, public, max-age=5", start["Cache-Control"]);
        Assert.Contains("Origin", start["Vary"], StringComparison.Ordinal);
        Assert.Contains("electric-offset", start["Access-Control-Expose-Headers"], StringComparison.Ordinal);
        Assert.Matches(Offset(), start["electric-offset"]);
        Assert.Equal("", start["electric-cursor"]);
        Assert.NotEqual("", start["electric-up-to-date"]);
        Assert.Equal(
            [
                """insert "places"/"a"/"//"b" {"region":"a","name":"/\u0022b","size":"2"}""",
                """insert "places"/"a//""/"b" {"region":"a/\u0022","name":"b","size":"1"}""",
                "snapshot-end",
                "up-to-date",
            ],
            start.Messages);

        var polled = GetAsync(Next(start) + "&live=true&cursor=1");
        await Bounded.Until(
            () => Task.FromResult(_api.Get<LiveQueries>().Groups.Any(group => group.Readers > 0)), "somebody waits");
        Assert.False(polled.IsCompleted);
        await postgres.ExecuteAsync("delete from shape_places where size = 2");

        var change = await polled;
        Assert.Equal("""delete "places"/"a"/"//"b" {"region":"a","name":"/\u0022b"}""", change.Messages[0]);
        Assert.Equal("up-to-date", change.Messages[^1]);
        Assert.Equal(start["electric-handle"], change["electric-handle"]);
        Assert.True(long.Parse(change["electric-cursor"], null) > 1);
        Assert.NotEqual(start["electric-offset"], change["electric-offset"]);

        // Who does not wait is told what there is, also if that is nothing new.
        Assert.Equal(["snapshot-end", "up-to-date"], (await GetAsync(Next(change))).Messages);
        Assert.Equal(change.Messages[0], (await GetAsync(Next(start))).Messages[0]);
    }

    [Fact]
    public async Task Events_that_break_before_the_first_of_them_leave_their_client_where_it_was()
    {
        var start = await GetAsync($"{Path}?offset=-1");
        await postgres.ExecuteAsync("delete from shape_places where size = 2");
        using var response = await _api.GetAsync($"{Next(start)}&live=true&live_sse=true&experimental_live_sse=true");
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());

        Assert.Equal(start["electric-offset"], response.Headers.GetValues("electric-offset").Single());
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.ToString());
        Assert.Equal("no-store, no-transform", response.Headers.CacheControl?.ToString());
        Assert.Contains("\"operation\":\"delete\"", await lines.ReadLineAsync().Within());
        Assert.Equal("", await lines.ReadLineAsync().Within());
        Assert.Contains("snapshot-end", await lines.ReadLineAsync().Within());
        Assert.Equal("", await lines.ReadLineAsync().Within());
        var upToDate = JsonNode.Parse((await lines.ReadLineAsync().Within())!["data: ".Length..])!;
        Assert.Equal("up-to-date", (string)upToDate["headers"]!["control"]!);

        // What the client makes of this number is the next offset.
        var next = await GetAsync($"{Path}?offset={upToDate["headers"]!["global_last_seen_lsn"]}_0");
        Assert.Equal(["snapshot-end", "up-to-date"], next.Messages);
    }

    [Theory]
    [InlineData("offset=1_0", HttpStatusCode.Conflict)]
    [InlineData("offset=26800584_3&handle=3833821-1721812114261", HttpStatusCode.Conflict)]
    [InlineData("offset=26800584_3&handle=3833821-1721812114261&live=true", HttpStatusCode.Conflict)]
    [InlineData("offset=26800584_3&live=true&live_sse=true", HttpStatusCode.Conflict)]
    [InlineData("offset=1", HttpStatusCode.BadRequest, "'offset' must be -1 for the beginning")]
    [InlineData("offset=now&log=changes_only", HttpStatusCode.BadRequest, "'log' must be full")]
    [InlineData("", HttpStatusCode.BadRequest, "'offset' must be -1 for the beginning")]
    [InlineData("offset=-1&live=true", HttpStatusCode.BadRequest, "'live' can't be true")]
    [InlineData("offset=-1&handle=a%0Ab", HttpStatusCode.BadRequest, "'handle' must be")]
    [InlineData("offset=-1&table=shape_places", HttpStatusCode.BadRequest, "'table' must be left out")]
    [InlineData("offset=-1&columns=name", HttpStatusCode.BadRequest, "'columns' must be left out")]
    [InlineData("offset=-1&subset__where=true", HttpStatusCode.BadRequest, "'subset__where' must be left out")]
    [InlineData("offset=-1&params[most]=1", HttpStatusCode.BadRequest, "'params[most]' is not a parameter")]
    [InlineData("offset=-1&params[least]=1&least=1", HttpStatusCode.BadRequest, "params[least] and least: give it")]
    [InlineData("offset=-1&params[2]=x", HttpStatusCode.BadRequest, "'least' must be of type int")]
    public async Task What_is_no_good_is_refused_and_an_offset_of_others_begins_anew(
        string query, HttpStatusCode status, string? detail = null)
    {
        using var response = await _api.GetAsync($"{Path}?{query}");
        var body = await response.Content.ReadAsStringAsync().Within();

        Assert.Equal(status, response.StatusCode);
        Assert.Equal("no-store", response.Headers.CacheControl?.ToString());
        if (detail is not null)
        {
            Assert.Contains(detail, (string)JsonNode.Parse(body)!["detail"]!, StringComparison.Ordinal);
            return;
        }

        Assert.Equal("""[{"headers":{"control":"must-refetch"}}]""", body);
        Assert.StartsWith("anew-", response.Headers.GetValues("electric-handle").Single(), StringComparison.Ordinal);
        Assert.Contains(
            "electric-handle", response.Headers.GetValues("Access-Control-Expose-Headers").Single(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Parameters_are_given_by_name_or_by_number_and_belong_to_an_offset()
    {
        var named = await GetAsync($"{Path}?offset=-1&params[offset]=1&params[least]=1");
        Assert.Equal(named.Messages[0], (await GetAsync($"{Path}?offset=-1&params[1]=1&least=1")).Messages[0]);
        Assert.Equal(3, named.Messages.Count);

        using var others = await _api.GetAsync($"{Path}?offset={named["electric-offset"]}&least=1");
        Assert.Equal(HttpStatusCode.Conflict, others.StatusCode);
        using var plain = await _api.GetAsync("/api/public/shapes/plain?offset=-1");
        Assert.Equal(HttpStatusCode.NotFound, plain.StatusCode);
    }

    [Fact]
    public async Task A_client_that_began_anew_keeps_its_new_handle_and_never_gets_one_that_it_let_go()
    {
        var first = await GetAsync($"{Path}?offset=-1");
        var second = await GetAsync($"{Path}?offset=-1");
        var later = await GetAsync($"{Path}?offset=-1&expired_handle={first["electric-handle"]}");
        await postgres.ExecuteAsync("truncate shape_places");
        using var refused = await _api.GetAsync(Next(first) + "&live=true");
        var handle = refused.Headers.GetValues("electric-handle").Single();
        var anew = await GetAsync($"{Path}?offset=-1&handle={handle}&expired_handle={first["electric-handle"]}");

        Assert.Equal(first["electric-handle"], second["electric-handle"]);
        Assert.NotEqual(first["electric-handle"], later["electric-handle"]);
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.NotEqual(first["electric-handle"], handle);
        Assert.Equal(handle, anew["electric-handle"]);
        Assert.Equal(["snapshot-end", "up-to-date"], anew.Messages);
    }

    [Fact]
    public async Task A_user_has_the_own_rows_and_no_other_s_offset()
    {
        var (one, other) = (_issuer.Token("a"), _issuer.Token("b"));
        var path = "/api/public/shapes/mine";
        var own = await GetAsync($"{path}?offset=-1", one);

        Assert.Single(own.Messages, message => message.StartsWith("insert", StringComparison.Ordinal));
        Assert.Equal("no-store, no-transform", own["Cache-Control"]);
        using var anonymous = await _api.GetAsync($"{path}?offset=-1");
        Assert.Equal(HttpStatusCode.Unauthorized, anonymous.StatusCode);
        await postgres.ExecuteAsync("update shape_places set region = 'b' where region = 'a'");
        Assert.StartsWith(
            """delete "mine"/"a"/""", (await GetAsync($"{path}?offset={own["electric-offset"]}", one)).Messages[0],
            StringComparison.Ordinal);
        using var stolen = await SendAsync($"{path}?offset={own["electric-offset"]}", other);
        Assert.Equal(HttpStatusCode.Conflict, stolen.StatusCode);
    }

    private static string Next(Answer answer)
        => $"{Path}?offset={answer["electric-offset"]}&handle={answer["electric-handle"]}";

    private async Task<Answer> GetAsync(string path, string? token = null)
    {
        using var response = await SendAsync(path, token);
        var body = await response.Content.ReadAsStringAsync().Within();
        Assert.True(response.StatusCode == HttpStatusCode.OK, body);
        return new Answer(
            response.Headers.ToDictionary(header => header.Key, header => string.Join(", ", header.Value)),
            [.. JsonNode.Parse(body)!.AsArray().Select(Text)]);

        static string Text(JsonNode? message) => message!["headers"]!["control"] is { } control
            ? (string)control!
            : $"{message["headers"]!["operation"]} {message["key"]} {message["value"]!.ToJsonString()}";
    }

    private Task<HttpResponseMessage> SendAsync(string path, string? token)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return _api.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).Within();
    }

    [GeneratedRegex("^[0-9]+_[0-9]+$")]
    private static partial Regex Offset();

    private sealed record Answer(Dictionary<string, string> Headers, IReadOnlyList<string> Messages)
    {
        public string this[string header] => Headers.GetValueOrDefault(header, "");
    }
}
