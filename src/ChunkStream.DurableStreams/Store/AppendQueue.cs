using ChunkStream.Problems;
using Microsoft.Extensions.Options;
using Npgsql;

namespace ChunkStream.DurableStreams.Store;

/// <summary>
/// Sends appends to one stream one call after another, each with all that came meanwhile: they would only wait for each other's
/// commits in the database, each on a connection. Appends to different streams don't wait for each other here.
/// </summary>
internal sealed class AppendQueue(StreamFunctions functions, IChangeSink changes, AppendRoom room, IOptions<DurableStreamOptions> options)
{
    private readonly WaitingAppends _appends = new();

    /// <summary>See <see cref="DurableStore.AppendAsync(AppendToStream, AppendRoom.Place, CancellationToken)"/>.</summary>
    public async Task<AppendResult> AppendAsync(AppendToStream append, AppendRoom.Place? place, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var waiting = new WaitingAppend(append, place?.Move() ?? room.Open(append.Path));
        if (waiting.Room.Hold(waiting.Cost, isReceiving: false) is { } refusal)
        {
            waiting.Room.Dispose();
            throw new ProblemException(refusal);
        }

        if (_appends.Add(waiting))
            _ = SendAllAsync(waiting);
        try
        {
            return await waiting.Outcome.Task.WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _appends.Leave(waiting);
            throw;
        }
    }

    private async Task SendAllAsync(WaitingAppend first)
    {
        for (List<WaitingAppend> group = [first]; group.Count > 0; group = _appends.Next(first.Path))
            await SendAsync(group).ConfigureAwait(false);
    }

    private async Task SendAsync(List<WaitingAppend> group)
    {
        try
        {
            var appends = new AppendToStream[group.Count];
            for (var i = 0; i < appends.Length; i++)
                appends[i] = group[i].Append;
            var (id, results) = await functions.AppendAsync(appends, options.Value.MaxStreamBytes, CancellationToken.None).ConfigureAwait(false);
            Tell(id, appends, results);
            for (var i = 0; i < results.Length; i++)
            {
                group[i].Room.Dispose();
                group[i].Outcome.SetResult(results[i]);
            }
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
            {
                one.Room.Dispose();
                one.Outcome.SetException(e);
            }
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
}
