using System.Diagnostics;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>
/// Measures the longest time for which the whole machine stood still, as shared machines sometimes do.
/// </summary>
internal sealed class StandStill : IDisposable
{
    private static readonly TimeSpan Nap = TimeSpan.FromMilliseconds(10);

    private readonly Thread _watching;
    private volatile bool _isOver;
    private long _longest;

    public StandStill()
    {
        _watching = new Thread(Watch) { IsBackground = true };
        _watching.Start();
    }

    public TimeSpan Longest => TimeSpan.FromTicks(Volatile.Read(ref _longest));

    public void Dispose()
    {
        _isOver = true;
        _watching.Join();
    }

    private void Watch()
    {
        while (!_isOver)
        {
            var start = Stopwatch.GetTimestamp();
            Thread.Sleep(Nap);
            var over = Stopwatch.GetElapsedTime(start) - Nap;
            if (over.Ticks > _longest)
                Volatile.Write(ref _longest, over.Ticks);
        }
    }
}
