using System.Runtime.CompilerServices;
using ChunkStream.Postgres.Live;

namespace ChunkStream.Functions.Tests.Postgres.Live;

public sealed class LiveGroupTests
{
    [Fact]
    public void A_reader_that_is_too_slow_keeps_none_of_the_later_steps_in_memory()
    {
        var reader = new LiveNode();
        var later = Follow(reader, steps: 100);
        reader.Forget();
        GC.Collect();

        Assert.True(reader.IsOver.IsCompletedSuccessfully);
        Assert.Null(reader.Next);
        Assert.DoesNotContain(later, node => node.TryGetTarget(out var _));
    }

    // In a method of its own, so that no variable keeps what it made.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference<LiveNode>[] Follow(LiveNode node, int steps)
    {
        var later = new WeakReference<LiveNode>[steps];
        for (var step = 0; step < steps; step++)
        {
            var next = new LiveNode();
            node.Set(new LiveNext(new StepResult(LivePosition.Unknown, null, [], 0), next));
            later[step] = new WeakReference<LiveNode>(next);
            node = next;
        }

        return later;
    }
}
