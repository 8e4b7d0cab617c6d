using System.Text.Json.Serialization.Metadata;
using ChunkStream.Formats;
using ChunkStream.Problems;
using ChunkStream.Streaming;

namespace ChunkStream.Generators;

/// <summary>The source of an <see cref="IAsyncEnumerable{T}"/>: its items are the records.</summary>
/// <param name="generate">Starts the generator. It is called once, at the first wait.</param>
/// <param name="typeInfo">How an item becomes JSON; source-generated metadata needs no reflection.</param>
/// <param name="encoding">How an item is written.</param>
/// <param name="cancellation">The token that the generator and its enumerator get.</param>
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

    /// <summary>Says what a client is told of a failure; null for a failure that it may not know.</summary>
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

        // An enumerator must not be disposed while MoveNextAsync runs. If it still runs, its token was cancelled before
        // this.
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
