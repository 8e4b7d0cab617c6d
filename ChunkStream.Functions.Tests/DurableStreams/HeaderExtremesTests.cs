using System.Text;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>
/// Sends extreme values in every header that is read. Each gets a clear answer, and no stream is made that can't
/// be read.
/// </summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class HeaderExtremesTests(RealPostgres postgres) : IAsyncLifetime
{
    private LocalApi _api = null!;

    public async Task InitializeAsync() => _api = await LocalApi.StartAsync(postgres.ConnectionString);

    public Task DisposeAsync() => _api.DisposeAsync().AsTask();

    // Each character is one byte on the wire.
    private static string[] Values { get; } =
    [
        "", "   ", "\t", Bytes("é"), Bytes("\u2028😀"), "\u00e9", "\u0080\u00ff", "\u0001", "\u007f", "\u00a0",
        new('x', 8_000), new('9', 400), "-1", "0", "00", "+1", "1.5", "1e3",
        "NaN", "Infinity", "9007199254740992", "9223372036854775807", "9223372036854775808", "18446744073709551616",
        "0000000000000000001",
        "1, 2", "true, true", "*", "\"", "\"\\", "W/\"x\", *", "a;b", "a/b;c=\"" + Bytes("é") + "\"",
        "a/b;c=\"\u00e9\"", "a/b;c=\"\t\"", "text/plain;;;=", "application/json\t;x=y",
        "9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00",
        "0001-01-01T00:00:00Z", "/api/streams/%", "%ff%fe", "gzip", "identity;q=NaN, br;q=9e999",
    ];

    [Theory]
    [InlineData("Content-Type")]
    [InlineData("Content-Encoding")]
    [InlineData("Stream-Closed")]
    [InlineData("Stream-TTL")]
    [InlineData("Stream-Expires-At")]
    [InlineData("Stream-Seq")]
    [InlineData("Stream-Forked-From")]
    [InlineData("Stream-Fork-Offset", "Stream-Forked-From: {source}")]
    [InlineData("Stream-Fork-Sub-Offset", "Stream-Forked-From: {source}")]
    [InlineData("Stream-Fork-Sub-Offset", "Stream-Forked-From: {source}\nStream-Fork-Offset: 9223372036854775807")]
    [InlineData("Producer-Id", "Producer-Epoch: 0\nProducer-Seq: 0")]
    [InlineData("Producer-Epoch", "Producer-Id: p\nProducer-Seq: 0")]
    [InlineData("Producer-Seq", "Producer-Id: p\nProducer-Epoch: 0")]
    [InlineData("If-None-Match")]
    [InlineData("Accept-Encoding")]
    [InlineData("Accept")]
    [InlineData("Range")]
    [InlineData("Last-Event-ID")]
    [InlineData("Origin")]
    [InlineData("X-Functions-Key")]
    public async Task No_value_of_a_header_is_a_failure_or_makes_a_stream_that_can_not_be_read(
        string name, string others = "")
    {
        var source = await _api.CreateAsync("text/plain", "source");
        others = others.Replace("{source}", "/api/streams/" + source, StringComparison.Ordinal);
        var failures = new System.Collections.Concurrent.ConcurrentBag<string>();

        var headers = Values.Select(value => $"{name}: {value}")
            .Append($"{name}: 1\n{name}: 1").Append($"{name}: true\n{name}: true");
        await Parallel.ForEachAsync(headers, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (header, _) =>
        {
            var path = DurableCalls.NewPath();
            var type = name == "Content-Type" ? "" : "Content-Type: text/plain\n";
            var more = $"{type}{(others.Length > 0 ? others + "\n" : "")}{header}\nContent-Length: 1";
            var put = await SendAsync("PUT", path, more);
            var post = await SendAsync("POST", source, more);
            var read = await SendAsync("GET", path + "?offset=-1", others + (others.Length > 0 ? "\n" : "") + header);
            var (found, head) = (await SendAsync("GET", path, ""), await SendAsync("HEAD", path, ""));

            if (put is 0 or >= 500 || post is 0 or >= 500 || read is 0 or >= 500)
                failures.Add($"{header}: PUT {put}, POST {post}, GET {read}");
            // A stream that was created to expire may be gone already.
            if (found != head || found is not (200 or 404) || (put != 201 && found != 404))
                failures.Add($"{header}: PUT {put}, then GET {found}, HEAD {head}");
        });

        Assert.Empty(failures);
    }

    [Theory]
    [InlineData("text/plain; x=\"é\"", "text/plain")]
    [InlineData("text/é", "application/octet-stream")]
    [InlineData("application/json; x=\"\u0001\"", "application/json")]
    public async Task A_content_type_that_was_stored_before_it_was_looked_at_does_not_keep_a_stream_from_being_read(
        string stored, string sent)
    {
        var path = await _api.CreateAsync(sent, sent == "application/json" ? "[1]" : "1");
        await postgres.ExecuteAsync($"update chunkstream.streams set content_type = '{stored}' where path = '{path}'");

        (string, string)[] calls = [("GET", ""), ("HEAD", ""), ("PUT", ""), ("GET", "?offset=-1&live=long-poll")];
        foreach (var (method, query) in calls)
        {
            using var response = await _api.SendAsync(
                new HttpMethod(method), path + query, method == "PUT" ? sent : null, body: null);
            Assert.Equal(200, (int)response.StatusCode);
            Assert.Equal(sent, response.Header("Content-Type"));
        }

        using var live = await LiveResponse.OpenAsync(_api, path);
        Assert.NotNull((await live.NextPairAsync()).Data);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("identity, br")]
    [InlineData("x")]
    public async Task A_body_that_is_encoded_is_refused(string encoding)
    {
        var path = await _api.CreateAsync("text/plain");
        foreach (var method in new[] { HttpMethod.Put, HttpMethod.Post })
        {
            using var response = await _api.SendAsync(
                method, path, "text/plain", [1, 2], ("Content-Encoding", encoding));
            Assert.Equal(415, (int)response.StatusCode);
            Assert.Equal("identity", response.Header("Accept-Encoding"));
            Assert.Equal("urn:chunkstream:encoded-body", (string?)(await response.ProblemAsync())["type"]);
        }

        Assert.Equal("", await _api.TextAsync(path));
        await _api.AppendAsync(path, "text/plain", "x", ("Content-Encoding", "Identity"));
    }

    [Fact]
    public async Task A_fork_point_beyond_all_numbers_is_beyond_the_end()
    {
        var source = await _api.CreateAsync("text/plain", "source");
        var path = DurableCalls.NewPath();
        for (var n = 0; n < 2; n++)
        {
            using var response = await _api.PutAsync(
                path, null, null, ("Stream-Forked-From", "/api/streams/" + source),
                ("Stream-Fork-Offset", "9223372036854775807"), ("Stream-Fork-Sub-Offset", "1"));
            Assert.Equal(n == 0 ? 400 : 409, (int)response.StatusCode);
            (await _api.PutAsync(path, "text/plain")).Dispose();
        }
    }

    [Fact]
    public async Task A_closure_that_is_said_twice_is_not_taken_for_none()
    {
        var path = await _api.CreateAsync("text/plain");
        Assert.Equal(
            400,
            await SendAsync(
                "POST", path, "Content-Type: text/plain\nContent-Length: 1\nStream-Closed: true\nStream-Closed: true"));
        Assert.Equal("", await _api.TextAsync(path));
    }

    private static string Bytes(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    private async Task<int> SendAsync(string method, string path, string headers)
        => (await RawRequest.SendAsync(
            new Uri(_api.Origin),
            $"{method} /api/streams/{path} HTTP/1.1{(headers.Length > 0 ? "\n" : "")}{headers}",
            headers.Contains("Content-Length", StringComparison.Ordinal) ? [(byte)'1'] : null,
            Encoding.Latin1)).Status;
}
