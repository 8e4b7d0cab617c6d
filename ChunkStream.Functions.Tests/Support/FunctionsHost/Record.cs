namespace ChunkStream.Functions.Tests.Support.FunctionsHost;

/// <summary>
/// What has happened, in order. Who waits for something gets the first that fits, whether it has happened or is still
/// to come. So nobody needs to ask again and again, or to sleep.
/// </summary>
internal sealed class Record<T>
{
    private readonly Lock _lock = new();
    private readonly List<T> _all = [];
    private readonly List<(Func<T, bool> Fits, TaskCompletionSource<T> Found)> _waiting = [];
    private Exception? _end;

    /// <summary>All of it until now.</summary>
    public T[] All
    {
        get
        {
            lock (_lock)
                return [.. _all];
        }
    }

    /// <summary>Gives the first that fits.</summary>
    /// <param name="fits">What is looked for.</param>
    /// <param name="after">How many at the beginning don't count; <c>All.Length</c> means "from now on".</param>
    /// <exception cref="InvalidOperationException">Nothing more will happen: the worker has ended.</exception>
    public Task<T> FirstAsync(Func<T, bool> fits, int after = 0)
    {
        lock (_lock)
        {
            for (var at = after; at < _all.Count; at++)
            {
                if (fits(_all[at]))
                    return Task.FromResult(_all[at]);
            }

            if (_end is not null)
                return Task.FromException<T>(_end);
            var found = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((fits, found));
            return found.Task;
        }
    }

    internal void Add(T happened)
    {
        lock (_lock)
        {
            _all.Add(happened);
            _waiting.RemoveAll(waiting => waiting.Fits(happened) && waiting.Found.TrySetResult(happened));
        }
    }

    /// <summary>Says that nothing more will happen, to those who wait in vain.</summary>
    internal void End(Exception because)
    {
        lock (_lock)
        {
            _end = because;
            foreach (var (_, found) in _waiting)
                found.TrySetException(because);
            _waiting.Clear();
        }
    }
}
