using Microsoft.Extensions.Options;
using Npgsql;

namespace ChunkStream.Durable;

/// <summary>
/// Sends appends to one stream one call after another, each with all that came meanwhile: they would only wait for each other's
/// commits in the database, each on a connection. Appends to different streams don't wait for each other here.
/// </summary>
internal sealed class AppendQueue(StreamFunctions functions, StreamChanges changes, IOptions<DurableOptions> options)
{
    // Of one call. Memory, and how long the first of them waits for the last.
    private const int MostAppends = 256;
    private const long MostBytes = 4 * 1024 * 1024;

    private readonly Lock _lock = new();

    // The streams that a call is under way for, with the appends that wait for its end.
    private readonly Dictionary<string, Queue<Waiting>> _streams = [];

    /// <summary>See <see cref="DurableStore.AppendAsync"/>.</summary>
    public Task<AppendResult> AppendAsync(AppendToStream append, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
            return Task.FromCanceled<AppendResult>(cancellation);
        var waiting = new Waiting(append, cancellation);
        lock (_lock)
        {
            if (_streams.TryGetValue(append.Path, out var queue))
            {
                queue.Enqueue(waiting);
                return waiting.Outcome.Task.WaitAsync(cancellation);
            }

            _streams[append.Path] = new Queue<Waiting>();
        }

        _ = SendAllAsync(append.Path, [waiting]);
        return waiting.Outcome.Task.WaitAsync(cancellation);
    }

    private async Task SendAllAsync(string path, List<Waiting> group)
    {
        while (group.Count > 0)
        {
            await SendAsync(group).ConfigureAwait(false);
            lock (_lock)
                group = Take(path);
        }
    }

    private List<Waiting> Take(string path)
    {
        var queue = _streams[path];
        var group = new List<Waiting>();
        var bytes = 0L;
        while (queue.TryPeek(out var next) && group.Count < MostAppends)
        {
            bytes += next.Bytes;
            if (group.Count > 0 && bytes > MostBytes)
                break;
            queue.Dequeue();
            if (!next.Cancellation.IsCancellationRequested)
                group.Add(next);
        }

        if (group.Count == 0)
            _streams.Remove(path);
        return group;
    }

    private async Task SendAsync(List<Waiting> group)
    {
        try
        {
            var appends = new AppendToStream[group.Count];
            for (var i = 0; i < appends.Length; i++)
                appends[i] = group[i].Append;
            var (id, results) = await functions.AppendAsync(appends, options.Value.MaxStreamBytes, CancellationToken.None).ConfigureAwait(false);
            Tell(id, appends, results);
            for (var i = 0; i < results.Length; i++)
                group[i].Outcome.SetResult(results[i]);
        }
        catch (Exception e) when (group.Count > 1 && IsOfOne(e))
        {
            // One of them can't be sent, or not be stored: the others are not to suffer for it.
            foreach (var one in group)
                await SendAsync([one]).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            foreach (var one in group)
                one.Outcome.SetException(e);
        }
    }

    // Here and not where the outcome is awaited: a writer that leaves meanwhile has still written.
    private void Tell(long? id, AppendToStream[] appends, AppendResult[] results)
    {
        for (var i = results.Length - 1; i >= 0; i--)
        {
            if (results[i].Status is not AppendStatus.Appended)
                continue;
            changes.Tell(id!.Value, appends[i].Close ? null : results[i].Tail);
            return;
        }
    }

    // Nothing was stored, and the fault is in what was to be: text that is none, or class 22, bad data.
    private static bool IsOfOne(Exception failure)
        => failure is ArgumentException || (failure as PostgresException)?.SqlState.StartsWith("22", StringComparison.Ordinal) is true;

    private sealed class Waiting(AppendToStream append, CancellationToken cancellation)
    {
        public AppendToStream Append => append;

        public CancellationToken Cancellation => cancellation;

        public long Bytes { get; } = append.Content.Sum(piece => (long)piece.Length);

        public TaskCompletionSource<AppendResult> Outcome { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
