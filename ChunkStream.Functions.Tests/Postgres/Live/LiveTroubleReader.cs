using System.Globalization;
using System.Net;
using ChunkStream.Functions.Tests.Support;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres.Live;

/// <summary>
/// Follows a query through all trouble: what is cut or refused goes on at the other instance, from its last position.
/// Whenever it is told that it is up to date, its rows have to be those of the query in that snapshot.
/// </summary>
/// <param name="instances">Where it reads.</param>
/// <param name="first">At which of them it begins.</param>
/// <param name="query">The query's name, and its text.</param>
/// <param name="history">The table's rows in any snapshot.</param>
/// <param name="crashes">How often the database has crashed; counted before it does.</param>
internal sealed class LiveTroubleReader(
    IReadOnlyList<LocalHostProcess> instances,
    int first,
    (string Name, string Text) query,
    RowHistory history,
    Func<int> crashes) : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly HttpClient[] _http = [.. instances.Select(instance => new HttpClient(
        new SocketsHttpHandler { UseProxy = false, MaxResponseDrainSize = 0 })
    {
        BaseAddress = instance.Address,
        Timeout = Timeout.InfiniteTimeSpan,
    })];

    private volatile IReadOnlyCollection<string> _upToDate = [];
    private string _doing = "has not begun";

    // A crash has undone what it was told. A response that begins when it knows owes it the rows anew; one that began
    // before may have more from before the crash on its way.
    private bool _isUndone;
    private bool _owesRefetch;
    private long _reached;

    /// <summary>The ids of the rows that it had when it was up to date the last time.</summary>
    public IReadOnlyCollection<string> UpToDate => _upToDate;

    /// <summary>When it was up to date the last time, it knew all transactions before this one.</summary>
    public long Reached => Volatile.Read(ref _reached);

    /// <summary>How many crashes there had been when its rows came anew.</summary>
    public int CrashesKnown { get; private set; }

    /// <summary>How often it was cut or refused, and has checked its rows.</summary>
    public (int Cuts, int Checks) Count { get; private set; }

    /// <summary>Reads until it is told to end.</summary>
    public async Task RunAsync(CancellationToken end)
    {
        var clients = _http.Select(http => new LiveClient(http, $"/api/queries/{query.Name}")).ToArray();
        for (var turn = first; !end.IsCancellationRequested; turn++)
        {
            var (client, next) = (clients[turn % clients.Length], clients[(turn + 1) % clients.Length]);
            try
            {
                if (client.Token is null)
                    BeginAnew();
                _doing = "asks";
                await client.OpenAsync();
                _owesRefetch = _isUndone;
                while (await client.ReadAsync(end) is { } what)
                    await HearAsync(client, _doing = what);
            }
            catch (OperationCanceledException) when (end.IsCancellationRequested)
            {
            }
            catch (Exception cut) when (cut is IOException
                or HttpRequestException { StatusCode: null or HttpStatusCode.ServiceUnavailable })
            {
                Count = Count with { Cuts = Count.Cuts + 1 };
                await Task.Delay(Pause, CancellationToken.None);
            }

            next.TakeOver(client);
        }
    }

    public void Dispose()
    {
        foreach (var http in _http)
            http.Dispose();
    }

    /// <inheritdoc />
    public override string ToString()
        => $"{query.Name} from {first}: {_doing}, {Count}, knows {CrashesKnown} crashes, "
            + $"has {string.Join(' ', _upToDate)}";

    private async Task HearAsync(LiveClient client, string what)
    {
        if (what is "must-refetch")
            BeginAnew();
        if (what is not "up-to-date")
            return;

        Assert.False(_owesRefetch, $"{this}: it was told of changes to rows that a crash has undone.");
        var expected = await ResultAsync(client.Snapshot!);
        Count = Count with { Checks = Count.Checks + 1 };
        Volatile.Write(ref _reached, long.Parse(client.Snapshot!.Split(':')[1], CultureInfo.InvariantCulture));
        if (expected.SequenceEqual(client.Rows))
        {
            _upToDate = [.. client.Rows.Keys];
            return;
        }

        // What it was told before a crash may not have happened. Then the rows have to come anew.
        _isUndone = crashes() > CrashesKnown;
        Assert.True(
            _isUndone,
            $"{this}, snapshot {client.Snapshot}:\n{string.Join('\n', expected.Values)}\nbut has\n"
                + $"{string.Join('\n', client.Rows.Values)}\nafter {string.Join(' ', client.Told.TakeLast(40))}");
    }

    private void BeginAnew() => (CrashesKnown, _isUndone, _owesRefetch) = (crashes(), false, false);

    // The tests' own connection is hit by the trouble, too.
    private async Task<SortedDictionary<string, string>> ResultAsync(string snapshot)
    {
        SortedDictionary<string, string>? result = null;
        await Bounded.Until(
            async () =>
            {
                try
                {
                    result = await history.ResultAsync(query.Text, snapshot);
                }
                catch (NpgsqlException)
                {
                }

                return result is not null;
            },
            "the database answers");
        return result!;
    }
}
