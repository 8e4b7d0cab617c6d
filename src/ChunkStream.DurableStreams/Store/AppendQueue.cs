using System.Diagnostics;
using ChunkStream.Postgres.Failures;
using ChunkStream.Problems;
using Microsoft.Extensions.Options;
using Npgsql;

namespace ChunkStream.DurableStreams.Store;

/// <summary>
/// Sends appends to one stream one call after another, each with all that came meanwhile: they would only wait for each
/// other's commits in the database, each on a connection. Appends to different streams don't wait for each other here.
/// </summary>
internal sealed class AppendQueue(
    DurableStore store, IChangeSink changes, AppendRoom room, IOptions<DurableStreamOptions> options)
{
    private readonly WaitingAppends _appends = new();

    /// <summary>
    /// Appends, closes, or both. Once it completes, readers on this and on other instances are about to be woken.
    /// </summary>
    /// <exception cref="ProblemException">There is no room in memory for another append: 503.</exception>
    public Task<AppendResult> AppendAsync(AppendToStream append, CancellationToken cancellation)
        => AppendAsync(append, room.Open(append.Path), cancellation);

    /// <summary>The same for an append that has its room in memory already. The room is handed over.</summary>
    public async Task<AppendResult> AppendAsync(
        AppendToStream append, AppendRoom.Place place, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var waiting = new WaitingAppend(append, place.Move());
        try
        {
            waiting.Room.Hold(waiting.Cost, isReceiving: false);
        }
        catch (ProblemException)
        {
            waiting.Room.Dispose();
            throw;
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
        // One call for several requests is shown with the first of them.
        Activity.Current = group[0].Caller;
        try
        {
            var appends = new AppendToStream[group.Count];
            for (var i = 0; i < appends.Length; i++)
                appends[i] = group[i].Append;
            var (id, results) = await store.AppendAsync(appends, options.Value.MaxStreamBytes, CancellationToken.None)
                .ConfigureAwait(false);
            Tell(id, appends, results);
            for (var i = 0; i < results.Count; i++)
            {
                group[i].Room.Dispose();
                group[i].Outcome.SetResult(results[i]);
            }
        }
        catch (Exception e) when (group.Count > 1 && IsOfOne(e))
        {
            // One of them can't be sent or stored. Each is sent alone, so that the others are stored.
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

    // Readers are told here, and not where the outcome is awaited: a writer that leaves meanwhile has still written.
    private void Tell(long? id, AppendToStream[] appends, IReadOnlyList<AppendResult> results)
    {
        for (var i = results.Count - 1; i >= 0; i--)
        {
            if (results[i].Status is not AppendStatus.Appended)
                continue;
            changes.Tell(id!.Value, appends[i].Close ? null : results[i].Tail);
            return;
        }
    }

    // Nothing was stored, and the reason is the data: invalid text, or what Postgres calls bad data.
    private static bool IsOfOne(Exception failure)
        => failure is ArgumentException || (failure as PostgresException)?.IsAboutData() is true;
}
