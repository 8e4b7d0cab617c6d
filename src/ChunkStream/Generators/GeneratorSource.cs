using System.Text.Json.Serialization.Metadata;
using ChunkStream.Formats;
using ChunkStream.Problems;
using ChunkStream.Streaming;

namespace ChunkStream.Generators;

/// <summary>The items of an <see cref="IAsyncEnumerable{T}"/>.</summary>
/// <param name="generate">Starts the generator: called once, at the first wait.</param>
/// <param name="typeInfo">How an item becomes JSON; source-generated metadata keeps reflection out.</param>
/// <param name="encoding">How an item is written.</param>
/// <param name="cancellation">Given to the generator, and to its enumerator.</param>
internal class GeneratorSource<T>(
    Func<CancellationToken, IAsyncEnumerable<T>> generate,
    JsonTypeInfo<T> typeInfo,
    RecordEncoding encoding,
    CancellationToken cancellation) : StreamSource
{
    private readonly ItemEncoder<T> _encoder = new(typeInfo, encoding);
    private IAsyncEnumerator<T>? _enumerator;
    private Task<bool>? _pending;
    private bool _ready;
    private bool _ended;

    /// <summary>What a client is told of a failure, or null where it may know nothing of it.</summary>
    public Func<Exception, Problem?>? DescribeFailure { get; init; }

    /// <inheritdoc />
    public override StreamSchema Schema => _encoder.Schema;

    /// <inheritdoc />
    public override ValueTask<bool> WaitToReadAsync()
    {
        if (_ready || _ended)
            return new ValueTask<bool>(_ready);

        _enumerator ??= generate(cancellation).GetAsyncEnumerator(cancellation);
        if (_pending is null)
        {
            var next = _enumerator.MoveNextAsync();
            if (next.IsCompletedSuccessfully)
                return new ValueTask<bool>(Arrived(next.Result));
            _pending = next.AsTask();
        }

        return AwaitPending();
    }

    /// <inheritdoc />
    public override bool TryRead()
    {
        if (_ready)
        {
            _ready = false;
            return true;
        }

        if (_ended || _pending is not null || _enumerator is null)
            return false;

        var next = _enumerator.MoveNextAsync();
        if (!next.IsCompletedSuccessfully)
        {
            _pending = next.AsTask();
            return false;
        }

        _ended = !next.Result;
        return !_ended;
    }

    /// <inheritdoc />
    public override void WriteRecord(ByteWriter output) => _encoder.Write(output, _enumerator!.Current);

    /// <inheritdoc />
    public override Problem Describe(Exception failure) => DescribeFailure?.Invoke(failure) ?? base.Describe(failure);

    /// <inheritdoc />
    public override async ValueTask DisposeAsync()
    {
        _encoder.Dispose();
        if (_enumerator is null)
            return;

        // An enumerator must not be disposed while it moves. Its token is cancelled by now wherever that is so.
        if (_pending is Task pending)
            await pending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _enumerator.DisposeAsync().ConfigureAwait(false);
    }

    private async ValueTask<bool> AwaitPending()
    {
        var arrived = await _pending!.ConfigureAwait(false);
        _pending = null;
        return Arrived(arrived);
    }

    private bool Arrived(bool item)
    {
        _ready = item;
        _ended = !item;
        return item;
    }
}
