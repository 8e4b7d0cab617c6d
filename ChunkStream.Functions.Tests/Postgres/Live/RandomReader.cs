namespace ChunkStream.Functions.Tests.Postgres.Live;

/// <summary>
/// Follows a live query, is cut anywhere, and goes on at another instance. Whenever it is told that it is up to date,
/// its rows have to be those of the query in that snapshot.
/// </summary>
/// <param name="random">The chance.</param>
/// <param name="history">The table's rows in any snapshot.</param>
/// <param name="query">The query, as SQL.</param>
/// <param name="mostLines">How many lines it reads at most before it is cut.</param>
internal sealed class RandomReader(Random random, RowHistory history, string query, int mostLines)
{
    /// <summary>What must be so of each row that it has, at any time.</summary>
    public Action<string> AssertRow { get; init; } = _ => { };

    /// <summary>Reads until all is written, and it has the result of that.</summary>
    /// <param name="client">The client with which it begins.</param>
    /// <param name="other">A client of another instance.</param>
    /// <param name="written">Cancelled when all is written.</param>
    public async Task ReadAsync(LiveClient client, LiveClient other, CancellationToken written)
    {
        for (var (current, next) = (client, other); ; (current, next) = (next, current))
        {
            await current.OpenAsync();

            // A response that begins when all is written comes to the last result, and is not cut any more.
            var isLast = written.IsCancellationRequested;
            try
            {
                for (var lines = random.Next(1, mostLines); lines > 0 || isLast; lines--)
                {
                    var what = await current.ReadAsync(isLast ? default : written);
                    Assert.All(current.Rows.Values, AssertRow);
                    if (what is not "up-to-date")
                        continue;
                    await AssertIsResultAsync(current);
                    if (isLast && (await history.ResultAsync(query)).SequenceEqual(current.Rows))
                        return;
                }
            }
            catch (OperationCanceledException)
            {
                // Nothing more was written, and nothing more would come for a while.
            }

            next.TakeOver(current);
        }
    }

    private async Task AssertIsResultAsync(LiveClient client)
    {
        var expected = await history.ResultAsync(query, client.Snapshot);
        Assert.True(
            expected.SequenceEqual(client.Rows),
            $"{query}, snapshot {client.Snapshot}:\n{string.Join('\n', expected.Values)}\nbut has\n"
                + $"{string.Join('\n', client.Rows.Values)}\nafter {string.Join(' ', client.Told.TakeLast(40))}");
    }
}
