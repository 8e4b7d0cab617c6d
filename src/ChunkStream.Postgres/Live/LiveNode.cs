namespace ChunkStream.Postgres.Live;

/// <summary>A place between two steps of a group. Who waits there gets the next step.</summary>
internal sealed class LiveNode
{
    private readonly TaskCompletionSource _isOver = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>
    /// From where the next step tells what changes, or from later if nothing changes until there. Null before the group
    /// has a position.
    /// </summary>
    public LivePosition? From { get; set; }

    /// <summary>How many readers are here. Only <see cref="LiveSteps"/> changes it.</summary>
    public int Readers { get; set; }

    /// <summary>Ends when the next step has been taken. Fails if there will be none.</summary>
    public Task IsOver => _isOver.Task;

    /// <summary>
    /// The next step, when it has been taken; null if it was forgotten, because a reader here is too slow. Such a
    /// reader does not keep the steps after it in memory, either. Only <see cref="LiveSteps"/> uses it.
    /// </summary>
    public LiveNext? Next { get; private set; }

    /// <summary>The step has been taken.</summary>
    public void Set(LiveNext next)
    {
        Next = next;
        _isOver.TrySetResult();
    }

    /// <summary>There will be no step.</summary>
    public void Fail(Exception failure)
    {
        _isOver.TrySetException(failure);
        _ = _isOver.Task.Exception;
    }

    /// <summary>Forgets the step, and does not hold its changes any more.</summary>
    public void Forget()
    {
        Next?.Changes.Release();
        Next = null;
    }
}

/// <summary>A step of a group.</summary>
/// <param name="To">The position after it.</param>
/// <param name="Changes">What changed.</param>
/// <param name="Node">The place after it.</param>
internal sealed record LiveNext(LivePosition To, LiveBatch Changes, LiveNode Node);
