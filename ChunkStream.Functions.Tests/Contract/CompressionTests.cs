using System.Buffers.Binary;
using System.IO.Compression;
using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;

namespace ChunkStream.Functions.Tests.Contract;

public sealed class CompressionTests : IAsyncLifetime
{
    private readonly ScriptedSource _script = new();
    private LocalApi _api = null!;

    // A heartbeat would bring what a compressor has held back.
    public async Task InitializeAsync()
        => _api = await LocalApi.StartAsync(settings: ("ChunkStream:Streaming:HeartbeatSeconds", "200"));

    public async Task DisposeAsync() => await _api.DisposeAsync();

    public static TheoryData<string, string> FormatsAndEncodings
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var format in StreamFormats.All.Where(format => format.IsWorthCompressing))
            {
                data.Add(format.Name, "gzip");
                data.Add(format.Name, "br");
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(FormatsAndEncodings))]
    public async Task A_compressed_record_arrives_before_the_next_one_is_made(string format, string encoding)
    {
        _script.Yield("record 0");
        using var response = await GetAsync(_api.Serve(Format(format), _script.Open), encoding);
        await using var body = Decompressed(await response.Content.ReadAsStreamAsync(), encoding);
        await body.ReadUntilAsync("record 0");
        for (var number = 1; number <= 3; number++)
        {
            _script.Yield($"record {number}");
            await body.ReadUntilAsync($"record {number}");
        }
    }

    [Theory]
    [MemberData(nameof(FormatsAndEncodings))]
    public async Task A_compressed_body_is_the_plain_one_compressed(string format, string encoding)
    {
        var path = _api.Serve(Format(format), FaultySource.Complete(5000));
        var plain = await _api.Client.GetByteArrayAsync(path).Within();
        using var response = await GetAsync(path, encoding);
        var compressed = await response.Content.ReadAsByteArrayAsync().Within();

        Assert.InRange(compressed.Length, 1, plain.Length / 4);
        using var whole = new MemoryStream();
        await Decompressed(new MemoryStream(compressed), encoding).CopyToAsync(whole);
        Assert.Equal(plain, whole.ToArray());
    }

    [Theory]
    [InlineData("gzip", "gzip")]
    [InlineData("br", "br")]
    [InlineData("gzip, deflate, br, zstd", "br")]
    [InlineData("br;q=0.5, gzip", "gzip")]
    [InlineData("br;q=0, gzip;q=0", null)]
    [InlineData("*", "br")]
    [InlineData("*;q=0", null)]
    [InlineData("identity, gzip;q=0.5", null)]
    [InlineData("deflate", null)]
    [InlineData("", null)]
    public async Task The_encoding_is_what_the_client_likes_best(string accepted, string? chosen)
    {
        using var response = await GetAsync(_api.Serve(StreamFormats.Ndjson, FaultySource.Complete(1)), accepted);

        Assert.Equal(chosen, response.Content.Headers.ContentEncoding.SingleOrDefault());
        Assert.Contains("Accept-Encoding", response.Headers.Vary);
    }

    [Fact]
    public async Task A_gzip_body_that_is_cut_off_does_not_say_that_it_is_whole()
    {
        using var response = await GetAsync(_api.Serve(StreamFormats.Ndjson, FaultySource.FailsAt(3)), "gzip");
        await using var body = await response.Content.ReadAsStreamAsync();
        var received = new MemoryStream();
        await Assert.ThrowsAnyAsync<IOException>(() => body.CopyToAsync(received).Within());

        // A whole gzip body ends with the length of what it holds (RFC 1952, ISIZE).
        var buffer = new byte[10_000];
        received.Position = 0;
        await using var decompressed = new GZipStream(received, CompressionMode.Decompress);
        var length = await decompressed.ReadAtLeastAsync(
            buffer, FaultySource.Item(0).Length * 3, throwOnEndOfStream: false);
        Assert.True(length > 0, "Nothing came before the cut.");
        Assert.NotEqual(length, BinaryPrimitives.ReadInt32LittleEndian(received.ToArray().AsSpan()[^4..]));
    }

    [Fact]
    public async Task Text_is_not_compressed()
    {
        using var response = await GetAsync(_api.Serve(StreamFormats.Text, FaultySource.Complete(1)), "gzip, br");

        Assert.Empty(response.Content.Headers.ContentEncoding);
    }

    [Fact]
    public async Task A_refusal_is_not_compressed()
    {
        using var response = await GetAsync(_api.Serve(StreamFormats.Ndjson, FaultySource.FailsAt(0)), "gzip");

        Assert.Empty(response.Content.Headers.ContentEncoding);
        await response.ProblemAsync();
    }

    private async Task<HttpResponseMessage> GetAsync(string path, string accepted)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept-Encoding", accepted);
        return await _api.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).Within();
    }

    private static Stream Decompressed(Stream body, string encoding)
        => encoding == "br"
            ? new BrotliStream(body, CompressionMode.Decompress)
            : new GZipStream(body, CompressionMode.Decompress);

    private static StreamFormat Format(string name) => StreamFormats.All.Single(format => format.Name == name);
}
