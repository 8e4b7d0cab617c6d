using System.Net;
using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;

namespace ChunkStream.Functions.Tests.Contract;

/// <summary>No client ever takes a part of a stream for all of it.</summary>
public sealed class TruncationTests : IAsyncLifetime
{
    private const int Items = 40;
    private LocalApi _api = null!;

    public static TheoryData<string> Formats => [.. StreamFormats.All.Select(format => format.Name)];

    public async Task InitializeAsync() => _api = await LocalApi.StartAsync();

    public async Task DisposeAsync() => await _api.DisposeAsync();

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task A_complete_stream_is_known_to_be_complete(string format)
    {
        foreach (var items in new[] { 0, 1, Items, 3000 })
        {
            using var response = await _api.GetAsync(_api.Serve(Format(format), FaultySource.Complete(items)));
            AssertWhole(await StreamRead.OfAsync(response, format), format, items);
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task A_source_that_fails_at_any_item_never_looks_complete(string format)
    {
        // Each failure is heard only after a moment. Concurrent requests wait for all these moments at once.
        var paths = Enumerable.Range(0, Items).Concat([100, 999, 1000, 5000])
            .Select(item => (Item: item, Path: _api.Serve(Format(format), FaultySource.FailsAt(item)))).ToArray();
        await Task.WhenAll(paths.Select(failing => FailsAsync(failing.Item, failing.Path)));

        async Task FailsAsync(int item, string path)
        {
            using var response = await GetOrNullAsync(_api.Client, path);
            Assert.NotNull(response);
            if (item == 0)
            {
                Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
                await response.ProblemAsync();
                return;
            }

            var read = await StreamRead.OfAsync(response, format);
            read.AssertCut($"The source failed at item {item}.");
            if (format is "sse" or "frames")
            {
                // Every record before the failure has come, and then the problem, which keeps the source's secret.
                Assert.Equal(item, read.Records.Count);
                Assert.Equal(500, read.Error!["status"]!.GetValue<int>());
                Assert.DoesNotContain("secret", read.Error.ToJsonString(), StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task A_connection_that_is_cut_at_any_byte_never_looks_complete(string format)
    {
        var path = _api.Serve(Format(format), FaultySource.Complete(Items));
        await using var proxy = new CuttingProxy(_api.Client.BaseAddress!);
        using var client = new HttpClient(
            new SocketsHttpHandler { UseProxy = false, PooledConnectionLifetime = TimeSpan.Zero })
        {
            BaseAddress = proxy.Address,
            DefaultRequestHeaders = { ConnectionClose = true },
        };

        using (var whole = await client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead).Within())
            AssertWhole(await StreamRead.OfAsync(whole, format), format, Items);
        await Bounded.Until(() => Task.FromResult(proxy.Passed > 0), "the proxy has passed on a whole response");
        var length = proxy.Passed;

        var random = new Random(Seed: 20261122);
        var complete = 0;
        for (var cut = 0; cut < 1000; cut++)
        {
            proxy.CutAfter = random.NextInt64(1, length);
            using var response = await GetOrNullAsync(client, path);
            if (response is null)
                continue;

            var read = await StreamRead.OfAsync(response, format);
            if (!read.IsComplete)
                continue;

            // A format that marks its own end is complete even if the connection is cut after the mark. The others are
            // not.
            Assert.Equal(Enumerable.Range(0, Items).Select(FaultySource.Item), read.Records);
            Assert.True(
                format is "sse" or "frames", $"Cut at byte {proxy.CutAfter} of {length}, and taken for the whole.");
            complete++;
        }

        Assert.InRange(complete, 0, 100);
    }

    [Theory]
    [InlineData("br")]
    [InlineData("gzip")]
    public async Task A_compressed_stream_that_fails_never_looks_complete(string encoding)
    {
        foreach (var item in new[] { 1, 2, Items, 3000 })
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Get, _api.Serve(StreamFormats.Ndjson, FaultySource.FailsAt(item)));
            request.Headers.TryAddWithoutValidation("Accept-Encoding", encoding);
            using var response = await _api.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead)
                .Within();
            Assert.Equal(encoding, Assert.Single(response.Content.Headers.ContentEncoding));

            await Assert.ThrowsAnyAsync<HttpRequestException>(() => response.Content.CopyToAsync(Stream.Null).Within());
        }
    }

    private static void AssertWhole(StreamRead read, string format, int items)
    {
        var expected = Enumerable.Range(0, items).Select(FaultySource.Item);
        read.AssertWhole(format == "text" ? [string.Concat(expected.Select(item => item + "\n"))] : expected);
    }

    private static StreamFormat Format(string name) => StreamFormats.All.Single(format => format.Name == name);

    /// <summary>The response, or null if the connection was cut before all headers had arrived.</summary>
    private static async Task<HttpResponseMessage?> GetOrNullAsync(HttpClient client, string path)
    {
        try
        {
            return await client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead).Within();
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }
}
