namespace ChunkStream.Functions.Tests.Support.FunctionsHost;

/// <summary>
/// What has happened, in order. Who waits for something gets the first that fits, whether it has happened or is still
/// to come. So nobody needs to ask again and again, or to sleep.
/// </summary>
internal sealed class Record<T>
{
    private readonly Lock _lock = new();
    private readonly List<T> _all = [];
    private TaskCompletionSource _more = NewSource();

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
    /// <exception cref="InvalidOperationException">Nothing more will happen: the worker has ended.</exception>
    public async Task<T> FirstAsync(Func<T, bool> fits)
    {
        while (true)
        {
            Task more;
            lock (_lock)
            {
                if (_all.FindIndex(one => fits(one)) is >= 0 and var found)
                    return _all[found];
                more = _more.Task;
            }

            await more;
        }
    }

    internal void Add(T happened)
    {
        lock (_lock)
        {
            _all.Add(happened);
            if (_more.TrySetResult())
                _more = NewSource();
        }
    }

    /// <summary>Says that nothing more will happen, to those who wait in vain.</summary>
    internal void End(Exception because)
    {
        lock (_lock)
            _more.TrySetException(because);
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
