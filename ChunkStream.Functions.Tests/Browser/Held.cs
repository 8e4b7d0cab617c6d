namespace ChunkStream.Functions.Tests.Browser;

/// <summary>Answers that are held back until a test lets them go; at its end in any case.</summary>
internal sealed class Held : IDisposable
{
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Released => _released.Task;

    public void Release() => _released.TrySetResult();

    public void Dispose() => Release();
}
