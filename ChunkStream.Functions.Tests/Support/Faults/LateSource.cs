using ChunkStream.Formats;
using ChunkStream.Generators;
using ChunkStream.Streaming;

namespace ChunkStream.Functions.Tests.Support.Faults;

/// <summary>A source whose records, and then its end or failure, come when a test releases them.</summary>
internal sealed class LateSource(int records, Exception? failure = null)
{
    private readonly SemaphoreSlim _arrived = new(0);

    /// <summary>Lets the next one come.</summary>
    public void Arrive() => _arrived.Release();

    public StreamSource Open(RecordEncoding encoding, CancellationToken cancellation)
        => new GeneratorSource<string>(_ => Items(), TestJson.Default.String, encoding, cancellation);

    private async IAsyncEnumerable<string> Items()
    {
        for (var number = 0; number < records; number++)
        {
            await _arrived.WaitAsync().ConfigureAwait(false);
            yield return $"record {number}";
        }

        await _arrived.WaitAsync().ConfigureAwait(false);
        if (failure is not null)
            throw failure;
    }
}
