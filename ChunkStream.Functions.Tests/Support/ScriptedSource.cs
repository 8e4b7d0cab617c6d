using System.Runtime.CompilerServices;
using System.Threading.Channels;
using ChunkStream.Formats;
using ChunkStream.Generators;
using ChunkStream.Streaming;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>A generator that a test drives item by item, and that says what became of it.</summary>
internal sealed class ScriptedSource
{
    private readonly Channel<string> _items = Channel.CreateUnbounded<string>();
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Items that were taken.</summary>
    public int Taken { get; private set; }

    /// <summary>Done once somebody waits for the first item.</summary>
    public Task Opened => _opened.Task;

    /// <summary>Done once the generator has been disposed.</summary>
    public Task Released => _released.Task;

    public ScriptedSource Yield(params string[] items)
    {
        foreach (var item in items)
            Assert.True(_items.Writer.TryWrite(item));
        return this;
    }

    public ScriptedSource End()
    {
        _items.Writer.Complete();
        return this;
    }

    public ScriptedSource Fail(Exception failure)
    {
        _items.Writer.Complete(failure);
        return this;
    }

    public StreamSource Open(RecordEncoding encoding, CancellationToken cancellation)
        => new GeneratorSource<string>(Items, TestJson.Default.String, encoding, cancellation);

    public async IAsyncEnumerable<string> Items([EnumeratorCancellation] CancellationToken cancellation)
    {
        _opened.TrySetResult();
        try
        {
            await foreach (var item in _items.Reader.ReadAllAsync(cancellation))
            {
                Taken++;
                yield return item;
            }
        }
        finally
        {
            _released.TrySetResult();
        }
    }
}
