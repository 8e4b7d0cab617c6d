using System.Runtime.CompilerServices;
using ChunkStream.Problems;

namespace ChunkStream.Generators;

/// <summary>Limits how many generators run at a time for callers without a key.</summary>
/// <param name="most">The limit, at least 1.</param>
internal sealed class AnonymousGenerators(int most)
{
    private int _running;

    /// <summary>Gives the items of a generator, which counts from its first item until it is disposed.</summary>
    /// <exception cref="ProblemException">The limit is reached. Thrown when the first item is asked for.</exception>
    public async IAsyncEnumerable<T> Run<T>(
        IAsyncEnumerable<T> items, [EnumeratorCancellation] CancellationToken cancellation)
    {
        try
        {
            if (Interlocked.Increment(ref _running) > most)
                throw new ProblemException(Problem.TooManyStreams);
            await foreach (var item in items.WithCancellation(cancellation).ConfigureAwait(false))
                yield return item;
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }
}
