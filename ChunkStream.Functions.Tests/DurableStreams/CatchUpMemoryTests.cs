using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>A long response takes the same memory whatever its length.</summary>
[Collection(Alone.Collection)]
public sealed class CatchUpMemoryTests(RealPostgres postgres)
{
    private const string Bytes = "application/octet-stream";

    [Fact]
    public async Task Memory_does_not_grow_with_the_stream_nor_with_a_slow_reader()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var path = await api.CreateAsync(Bytes);
        const int Appends = 16;
        const int AppendBytes = 4 * 1024 * 1024;
        var chunk = new byte[AppendBytes];
        for (var n = 0; n < Appends; n++)
            using (await api.SendAsync(HttpMethod.Post, path, Bytes, chunk)) { }
        chunk = null;
        var before = GC.GetTotalMemory(forceFullCollection: true);

        using var reader = await RawClient.GetAsync(api.Client.BaseAddress!, $"/api/streams/{path}");
        await reader.ReadBytesAsync(Appends * AppendBytes / 2);
        await Task.Delay(200);
        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        await reader.ReadBytesAsync(Appends * AppendBytes);

        // Half of the stream, 32 MiB, is not read yet. What else lives in the process comes and goes by some MiB.
        Assert.True(grown < 16 * 1024 * 1024, $"{grown} bytes more");
        Assert.True(reader.BytesRead > Appends * AppendBytes);
    }
}
