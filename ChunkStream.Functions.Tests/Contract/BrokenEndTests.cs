using System.Net;
using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;
using ChunkStream.Streaming;
using Microsoft.Extensions.Logging;

namespace ChunkStream.Functions.Tests.Contract;

/// <summary>
/// A stream that is cut looks broken in every version of HTTP, whatever cut it. Everything that was sent before the cut
/// arrives.
/// </summary>
public sealed class BrokenEndTests
{
    private const int Items = 3000;

    public static TheoryData<string, string> Versions => new()
    {
        { "1.0", "" },
        { "1.0", "Connection: keep-alive\r\n" },
        { "1.1", "" },
        { "1.1", "Connection: close\r\n" },
    };

    [Fact]
    public async Task Streams_that_were_cut_leave_no_timers()
    {
        var time = new CountedTimers();
        await using var api = await LocalApi.StartAsync(time);
        var path = api.Serve(StreamFormats.Ndjson, FaultySource.FailsAt(Items));

        var ends = await Task.WhenAll(
            Enumerable.Range(0, 10).Select(_ => RawEnd.AskAsync(api.Client.BaseAddress!, path, "1.1", "")));

        foreach (var end in ends)
            Assert.False((await RawEnd.ReadAsync(end)).LooksWhole);

        // A timer that was left behind would fire after 10 s.
        await Bounded.Until(
            () => Task.FromResult(!time.Pending.Any(IsOfStream)), "no timer is left", TimeSpan.FromSeconds(9));

        // The sweep of durable streams waits longer than anything of a stream that was cut.
        static bool IsOfStream(TimeSpan timer) => timer < TimeSpan.FromSeconds(30);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task A_cut_is_seen_by_every_client_after_all_that_was_sent_and_is_no_error_of_the_server(
        string version, string headers)
    {
        // It comes when those who wait for it have all that was sent before.
        var (deadline, behind) = (new HeldTimers(TimeSpan.FromSeconds(77)), 3);
        await using var api = await LocalApi.StartAsync(
            deadline,
            ("ChunkStream:Streaming:MaxDurationSeconds", "77"), ("ChunkStream:Streaming:ShutdownSeconds", "0"));
        var server = api.Client.BaseAddress!;
        var failing = FaultySource.FailsAt(Items);
        var ends = await Task.WhenAll(
            EndAsync(api.Serve(StreamFormats.Ndjson, failing)),
            EndAsync(api.Serve(StreamFormats.Frames, failing)),
            EndAsync(api.Serve(StreamFormats.Ndjson, FaultySource.StallsAfter(Items)), isAtDeadline: true),
            EndAsync(api.Serve(StreamFormats.Ndjson, FaultySource.HangsAfter(Items)), isAtDeadline: true),
            EndAsync(api.Serve(StreamFormats.Frames, FaultySource.StallsAfter(Items)), isAtDeadline: true));
        using var open = await RawEnd.AskAsync(
            server, api.Serve(StreamFormats.Frames, FaultySource.StallsAfter(Items)), version, headers);
        var begun = await RawEnd.ReadUntilAsync(open, "item 0");
        var stopping = api.StopAsync();
        var stopped = await RawEnd.ReadAsync(open, begun: begun);
        await stopping.Within();

        Assert.All(ends, end => Assert.Contains($"item {Items - 1},", end.Text, StringComparison.Ordinal));
        Assert.All([.. ends, stopped], end =>
        {
            Assert.False(end.LooksWhole);
            Assert.False(end.HasLastChunk);
            Assert.Equal(version == "1.0", end.IsReset);
            Assert.Equal(version == "1.1", end.IsInsideChunk);
        });
        Assert.Contains("urn:chunkstream:internal-error", ends[1].Text, StringComparison.Ordinal);
        Assert.Contains("urn:chunkstream:deadline-reached", ends[4].Text, StringComparison.Ordinal);
        Assert.Contains("urn:chunkstream:stopping", stopped.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(api.Log.Entries, entry =>
            entry.Level >= LogLevel.Warning
            && entry.Category.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));

        async Task<RawEnd> EndAsync(string path, bool isAtDeadline = false)
        {
            using var socket = await RawEnd.AskAsync(server, path, version, headers);
            var before = isAtDeadline ? await RawEnd.ReadUntilAsync(socket, $"item {Items - 1},") : "";
            if (isAtDeadline && Interlocked.Decrement(ref behind) == 0)
                deadline.End();
            return await RawEnd.ReadAsync(socket, begun: before);
        }
    }

    [Theory]
    [InlineData("1.0")]
    [InlineData("1.1")]
    public async Task A_reader_that_takes_its_time_gets_all_that_was_sent_before_the_cut(string version)
    {
        await using var api = await LocalApi.StartAsync();
        foreach (var headers in new[] { "", "Accept-Encoding: gzip\r\n" })
        {
            using var socket = await RawEnd.AskAsync(
                api.Client.BaseAddress!, api.Serve(StreamFormats.Ndjson, FaultySource.FailsAt(Items)),
                version, headers);
            var end = await RawEnd.ReadAsync(socket, pauses: TimeSpan.FromMilliseconds(20));

            Assert.False(end.LooksWhole);
            if (headers.Length == 0)
                Assert.Contains($"item {Items - 1},", end.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_whole_stream_over_http_1_0_ends_without_a_reset_at_whatever_speed_it_is_read()
    {
        await using var api = await LocalApi.StartAsync();
        foreach (var (items, pause) in new[] { (0, 0), (1, 0), (100_000, 0), (20_000, 2) })
        {
            using var socket = await RawEnd.AskAsync(
                api.Client.BaseAddress!, api.Serve(StreamFormats.Ndjson, FaultySource.Complete(items)), "1.0");
            var end = await RawEnd.ReadAsync(socket, TimeSpan.FromMilliseconds(pause));

            Assert.False(end.IsReset);
            var body = end.Text[(end.Text.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];
            Assert.Equal(items, body.Count(letter => letter == '\n'));
        }
    }

    [Fact]
    public async Task Behind_the_functions_host_a_cut_is_a_reset_whatever_its_version_and_the_host_hears_of_it()
    {
        using var call = new CancellationTokenSource();
        await using var api = await LocalApi.StartAsync();
        using var socket = await RawEnd.AskAsync(
            api.Client.BaseAddress!, api.Serve(StreamFormats.Frames, FaultySource.FailsAt(Items), call.Token), "1.1");
        var end = await RawEnd.ReadAsync(socket);

        Assert.True(end.IsReset);
        Assert.Contains("urn:chunkstream:internal-error", end.Text, StringComparison.Ordinal);
        await Bounded.Until(
            () => Task.FromResult(api.Log.Entries.Any(entry => entry.Exception is StreamCutException)),
            "the host has heard of it");
    }

    [Fact]
    public async Task Over_http_2_the_stream_is_reset_and_the_connection_goes_on()
    {
        await using var api = await LocalApi.StartAsync(settings: ("Kestrel:EndpointDefaults:Protocols", "Http2"));
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = api.Client.BaseAddress,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using var response = await client.GetAsync(
            api.Serve(StreamFormats.Frames, FaultySource.FailsAt(Items)),
            HttpCompletionOption.ResponseHeadersRead).Within();
        var read = await StreamRead.OfAsync(response, "frames");
        using var again = await client.GetAsync(
            api.Serve(StreamFormats.Ndjson, FaultySource.FailsAt(Items)),
            HttpCompletionOption.ResponseHeadersRead).Within();

        Assert.Equal(HttpVersion.Version20, response.Version);
        read.AssertCut();
        Assert.Equal(Items, read.Records.Count);
        Assert.NotNull(read.Error);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => again.Content.CopyToAsync(Stream.Null).Within());
        Assert.DoesNotContain(api.Log.Entries, entry =>
            entry.Level >= LogLevel.Warning
            && entry.Category.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));
    }

    [NginxFact]
    public async Task Through_nginx_a_cut_is_seen_by_its_clients_and_what_was_sent_before_arrives()
    {
        // Within it even a busy machine sends all that comes before the stall.
        await using var api = await LocalApi.StartAsync(settings: ("ChunkStream:Streaming:MaxDurationSeconds", "6"));
        await using var nginx = await Nginx.BeforeAsync(api.Client.BaseAddress!);
        string[] broken = [
            api.Serve(StreamFormats.Ndjson, FaultySource.FailsAt(Items)),
            api.Serve(StreamFormats.Frames, FaultySource.FailsAt(Items)),
            api.Serve(StreamFormats.Ndjson, FaultySource.StallsAfter(Items)),
        ];
        var whole = api.Serve(StreamFormats.Ndjson, FaultySource.Complete(Items));
        var plain = await Task.WhenAll(
            Nginx.Places.SelectMany(place => broken.Select(path => EndAsync(place + path, ""))));
        var compressed = await Task.WhenAll(Nginx.Places.SelectMany(
            place => broken.Select(path => EndAsync(place + path, "Accept-Encoding: gzip\r\n"))));
        var complete = await Task.WhenAll(Nginx.Places.Select(place => EndAsync(place + whole, "")));

        Assert.All([.. plain, .. compressed], end => Assert.False(end.LooksWhole));
        Assert.All(complete, end => Assert.True(end.LooksWhole));

        // An nginx that is told to ignore X-Accel-Buffering may lose what it has collected for its next packet: less
        // than 1460 bytes.
        var received = Nginx.Places.Zip(plain.Chunk(broken.Length))
            .SelectMany(place => place.Second.Select(end => (place.First, end.Text)));
        Assert.All(received, got => Assert.Contains(
            $"item {(got.First == "/buffered" ? Items - 50 : Items - 1)},", got.Text, StringComparison.Ordinal));

        async Task<RawEnd> EndAsync(string path, string headers)
        {
            using var socket = await RawEnd.AskAsync(nginx.Address, path, "1.1", "Connection: close\r\n" + headers);
            return await RawEnd.ReadAsync(socket);
        }
    }

    [CurlFact]
    public async Task Curl_reports_a_cut_over_http_1_0_and_shows_every_row_before_it()
    {
        await using var api = await LocalApi.StartAsync(settings: ("ChunkStream:Streaming:MaxDurationSeconds", "6"));
        var sources = new[] { (FaultySource.FailsAt(Items), Items), (FaultySource.StallsAfter(10), 10) };
        foreach (var (source, items) in sources)
        {
            await using var curl = RunningProgram.Start(
                "curl", ["-0", "-sN", "--max-time", "30", api.Origin + api.Serve(StreamFormats.Ndjson, source)]);
            var (exitCode, output, _) = await curl.EndAsync();

            Assert.NotEqual(0, exitCode);
            Assert.Equal(items, output.Count(letter => letter == '\n'));
        }
    }
}

/// <summary>Needs curl.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class CurlFactAttribute : FactAttribute
{
    public CurlFactAttribute()
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        var isThere = folders.Any(folder
            => File.Exists(Path.Combine(folder, "curl")) || File.Exists(Path.Combine(folder, "curl.exe")));
        if (!Optional.IsEverythingRequired && !isThere)
            Skip = "curl is not on the PATH.";
    }
}
