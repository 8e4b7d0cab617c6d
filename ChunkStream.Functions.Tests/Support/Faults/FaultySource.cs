using System.Runtime.CompilerServices;
using ChunkStream.Formats;
using ChunkStream.Generators;
using ChunkStream.Streaming;

namespace ChunkStream.Functions.Tests.Support.Faults;

/// <summary>
/// Sources that misbehave. Their items are <c>item 0</c>, <c>item 1</c> …, with characters that formats must escape.
/// </summary>
internal static class FaultySource
{
    public static string Item(int number) => $"item {number}, \"quoted\"\r\nand – [broken] {{}}";

    /// <summary>Gives so many items and ends well.</summary>
    public static Func<RecordEncoding, CancellationToken, StreamSource> Complete(int items)
        => From(cancellation => Items(items, cancellation));

    /// <summary>Throws instead of item n.</summary>
    public static Func<RecordEncoding, CancellationToken, StreamSource> FailsAt(int item, Exception? failure = null)
        => From(cancellation
            => FailingItems(item, failure ?? new InvalidOperationException("secret: the source broke"), cancellation));

    /// <summary>Gives n items, and then nothing more for as long as its token lets it.</summary>
    public static Func<RecordEncoding, CancellationToken, StreamSource> StallsAfter(int items)
        => From(cancellation => StallingItems(items, cancellation));

    /// <summary>Gives n items, and then heeds nothing and nobody.</summary>
    public static Func<RecordEncoding, CancellationToken, StreamSource> HangsAfter(int items)
        => From(_ => StallingItems(items, CancellationToken.None));

    /// <summary>Gives items as fast as they are taken, without end.</summary>
    public static Func<RecordEncoding, CancellationToken, StreamSource> NeverEnds()
        => From(cancellation => Items(int.MaxValue, cancellation));

    private static Func<RecordEncoding, CancellationToken, StreamSource> From(
        Func<CancellationToken, IAsyncEnumerable<string>> items)
        => (encoding, cancellation) => new GeneratorSource<string>(
            items, TestJson.Default.String, encoding, cancellation);

    private static async IAsyncEnumerable<string> Items(
        int count, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        for (var number = 0; number < count; number++)
        {
            cancellation.ThrowIfCancellationRequested();
            yield return Item(number);
        }

        await Task.CompletedTask;
    }

    private static async IAsyncEnumerable<string> FailingItems(
        int count, Exception failure, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        await foreach (var item in Items(count, cancellation))
            yield return item;
        throw failure;
    }

    private static async IAsyncEnumerable<string> StallingItems(
        int count, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        await foreach (var item in Items(count, cancellation))
            yield return item;
        await Task.Delay(Timeout.Infinite, cancellation);
    }
}
