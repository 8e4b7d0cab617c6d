namespace ChunkStream.LocalHost.Embedded;

/// <summary>What changes the sample data while it is served. Disposing ends it.</summary>
internal sealed class ChangingData : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _changing;

    /// <summary>Begins.</summary>
    /// <param name="data">The sample data, which has been loaded.</param>
    /// <param name="database">Where it is.</param>
    public ChangingData(ISampleData data, SampleDatabase database)
        => _changing = data.KeepChangingAsync(database, _stop.Token);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _changing;
        _stop.Dispose();
    }
}
