using System.Runtime.CompilerServices;
using ChunkStream.Problems;

namespace ChunkStream.Generators;

/// <summary>Counts the generators that run for callers without a key, and lets no more of them run than may.</summary>
internal sealed class AnonymousGenerators(int most)
{
    private int _running;

    /// <summary>The items of a generator, which has its place from the first of them until it is disposed.</summary>
    /// <exception cref="ProblemException">When the first item is asked for: as many run as may.</exception>
    public async IAsyncEnumerable<T> Run<T>(IAsyncEnumerable<T> items, [EnumeratorCancellation] CancellationToken cancellation)
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
