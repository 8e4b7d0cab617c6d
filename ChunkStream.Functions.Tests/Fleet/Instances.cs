using System.Net;
using ChunkStream.Functions.Tests.Support;
using Npgsql;

namespace ChunkStream.Functions.Tests.Fleet;

/// <summary>
/// Three processes of the local host behind nginx, over one database that has no durable streams at first.
/// </summary>
public sealed class Instances : IAsyncLifetime
{
    private const int Count = 3;

    // Another one in one of them would break what is tested here.
    private const string ResumeKey = "the one secret of all the instances, 0123456789";

    // Of their own: what other tests look for in theirs would be found here.
    private readonly RealPostgres _postgres = new();

    private readonly QueryFiles _queries = GatedRows.Queries();
    private readonly LocalHostProcess?[] _running = new LocalHostProcess?[Count];
    private NpgsqlDataSource? _database;
    private Nginx? _nginx;
    private int _started;

    internal IEnumerable<LocalHostProcess> Running => _running.Select(instance => instance!);

    internal NpgsqlDataSource Database => _database!;

    internal GatedRows Rows { get; private set; } = null!;

    /// <summary>nginx's.</summary>
    public Uri Address => _nginx!.Address;

    /// <summary>Starts all of them at once, and nginx when they answer.</summary>
    public async Task InitializeAsync()
    {
        await _postgres.InitializeAsync();
        _database = NpgsqlDataSource.Create(_postgres.ConnectionString);
        Rows = new GatedRows(_database);
        await Rows.CreateAsync();
        for (var place = 0; place < Count; place++)
            _running[place] = Create();
        await Task.WhenAll(Running.Select(instance => instance.StartAsync()));
        await AssertTheirFirstRequestsMakeTheSchemaAsync();
        _nginx = await Nginx.BeforeAsync(Addresses);
    }

    /// <summary>The instance of the database sessions that have this name.</summary>
    internal LocalHostProcess Named(string applicationName)
        => Running.Single(instance => instance.Name == applicationName);

    /// <summary>
    /// Starts a new instance in the place of another one, tells that one to stop, and waits until it has.
    /// </summary>
    /// <param name="place">Which one.</param>
    /// <param name="isTakenOut">
    /// Whether nginx knows of it before, and gives the old instance nothing more to do; otherwise nginx finds out when
    /// that one takes no more connections.
    /// </param>
    internal async Task ReplaceAsync(int place, bool isTakenOut)
    {
        var (old, replacement) = (_running[place]!, Create());
        try
        {
            await replacement.StartAsync();
            _running[place] = replacement;
            await _nginx!.ReloadAsync(isTakenOut ? Addresses : [.. Addresses, old.Address]);
            Assert.Equal(0, await old.StopAsync());
        }
        finally
        {
            old.Dispose();
        }
    }

    public async Task DisposeAsync()
    {
        if (_nginx is not null)
            await _nginx.DisposeAsync();
        foreach (var instance in _running)
            instance?.Dispose();
        if (_database is not null)
            await _database.DisposeAsync();
        _queries.Dispose();
        await _postgres.DisposeAsync();
    }

    /// <summary>The first requests find a database without the streams' tables, all at once.</summary>
    private async Task AssertTheirFirstRequestsMakeTheSchemaAsync()
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var created = await Task.WhenAll(Running.Select(async (instance, number) =>
        {
            using var response = await client.PutAsync(
                new Uri(instance.Address, $"api/streams/first/{number}"), new StringContent("")).Within();
            return (response.StatusCode, await response.Content.ReadAsStringAsync());
        }));

        Assert.All(created, answer => Assert.Equal((HttpStatusCode.Created, ""), answer));
    }

    private Uri[] Addresses => [.. Running.Select(instance => instance.Address)];

    private LocalHostProcess Create()
    {
        var name = $"instance {++_started}";
        return new LocalHostProcess(
            $"{_postgres.ConnectionString};Maximum Pool Size=20;Application Name={name}",
            ("ChunkStream__ResumeKey", ResumeKey),
            ("ChunkStream__QueriesPath", _queries.Folder),
            // Time enough for a row that is on its way, and no more than the test can wait for.
            ("ChunkStream__Streaming__ShutdownSeconds", "2"))
        {
            Name = name,
        };
    }
}
