using System.Runtime.CompilerServices;
using System.Threading.Channels;
using ChunkStream.DurableStreams.Recordings;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.DurableStreams.Recordings;

/// <summary>
/// A user's own generator, on any number of instances. A test makes its items one by one, and sees how it was run.
/// </summary>
internal sealed class RecordedGenerator
{
    private readonly Channel<Message> _items = Channel.CreateUnbounded<Message>();
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string _name = DurableCalls.NewPath();
    private int _starts;
    private int _made;

    /// <summary>How often the generator was started.</summary>
    public int Starts => _starts;

    /// <summary>Completes when the generator has ended.</summary>
    public Task Released => _released.Task;

    /// <summary>The path of the stream that records it.</summary>
    public string RecordedPath => $"recordings/own/{_name}";

    /// <summary>The generator as the library's own type.</summary>
    public RecordableGenerator Recordable
        => RecordableGenerator.Create(new RecordingName("own", _name), Items, TestJson.Default.Message);

    public static string Item(int number) => $$"""{"number":{{number}},"text":"Item {{number}}"}""";

    public static string Lines(int from, int to)
        => string.Concat(Enumerable.Range(from, to - from).Select(number => Item(number) + "\n"));

    /// <summary>Serves the generator, and returns the path.</summary>
    public string ServedBy(LocalApi api)
        => api.Serve("own", _ => StreamResults.Recorded(
            _name,
            Items,
            new RecordedItemsOptions<Message> { Name = "own", JsonTypeInfo = TestJson.Default.Message }))
            + "?format=ndjson";

    public RecordedGenerator Make(int items)
    {
        for (; items > 0; items--, _made++)
            Assert.True(_items.Writer.TryWrite(new Message(_made, $"Item {_made}")));
        return this;
    }

    public void End(Exception? failure = null) => _items.Writer.Complete(failure);

    private async IAsyncEnumerable<Message> Items([EnumeratorCancellation] CancellationToken cancellation)
    {
        Interlocked.Increment(ref _starts);
        try
        {
            await foreach (var item in _items.Reader.ReadAllAsync(cancellation))
                yield return item;
        }
        finally
        {
            _released.TrySetResult();
        }
    }
}
