using System.Net;
using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Contract;

public sealed class HeartbeatTests : IAsyncLifetime
{
    private readonly ScriptedSource _script = new();
    private LocalApi _api = null!;

    public async Task InitializeAsync() => _api = await LocalApi.StartAsync(settings:
    [
        ("ChunkStream:Streaming:FirstRecordSeconds", "0.3"),
        ("ChunkStream:Streaming:HeartbeatSeconds", "0.2"),
    ]);

    public async Task DisposeAsync() => await _api.DisposeAsync();

    public static TheoryData<string, string> WithHeartbeat => new()
    {
        { "ndjson", " " }, { "json", " " }, { "sse", ": heartbeat\n\n" }, { "frames", "{\"heartbeat\":\"" },
    };

    [Theory]
    [MemberData(nameof(WithHeartbeat))]
    public async Task A_heartbeat_comes_before_the_first_record_and_between_records(string format, string heartbeat)
    {
        using var response = await _api.GetAsync(_api.Serve(Format(format), _script.Open));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await using var body = await response.Content.ReadAsStreamAsync();
        Assert.StartsWith(heartbeat, await body.ReadSomeAsync(), StringComparison.Ordinal);

        _script.Yield("first");
        var text = "";
        while (!text.Contains("first", StringComparison.Ordinal))
            text += await body.ReadSomeAsync();
        Assert.StartsWith(heartbeat, await body.ReadSomeAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(WithHeartbeat))]
    public async Task A_stream_with_heartbeats_reads_as_one_without(string format, string heartbeat)
    {
        using var response = await _api.GetAsync(_api.Serve(Format(format), _script.Open));
        await using var body = await response.Content.ReadAsStreamAsync();

        var text = await body.ReadUntilAsync(heartbeat);
        _script.Yield("a", "b");
        text += await body.ReadUntilAsync("\"b\"");
        text += await body.ReadUntilAsync(heartbeat);
        _script.Yield("c").End();
        while (await body.ReadSomeAsync() is { Length: > 0 } more)
            text += more;

        StreamRead.Of(text, endedCleanly: true, format).AssertWhole(["a", "b", "c"]);
    }

    [Theory]
    [InlineData("text")]
    [InlineData("csv")]
    public async Task Formats_without_heartbeat_keep_their_honest_status(string format)
    {
        var asking = _api.GetAsync(_api.Serve(Format(format), _script.Open));
        await Task.Delay(800);
        Assert.False(asking.IsCompleted);

        _script.Fail(new InvalidOperationException("late, but before the first record"));
        using var response = await asking;
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
    }

    [Theory]
    [MemberData(nameof(WithHeartbeat))]
    public async Task A_failure_after_heartbeats_alone_does_not_look_like_an_empty_stream(string format, string _)
    {
        using var response = await _api.GetAsync(_api.Serve(Format(format), _script.Open));
        _script.Fail(new InvalidOperationException("too late for a status"));

        var read = await StreamRead.OfAsync(response, format);

        read.AssertCut();
        if (format is "sse" or "frames")
            Assert.Equal(500, read.Error!["status"]!.GetValue<int>());
    }

    private static StreamFormat Format(string name) => StreamFormats.All.Single(format => format.Name == name);
}
