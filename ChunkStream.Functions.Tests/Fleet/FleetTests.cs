using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ChunkStream.Functions.Tests.DurableStreams.Chaos;
using ChunkStream.Functions.Tests.Support;
using Npgsql;
using Xunit.Abstractions;

namespace ChunkStream.Functions.Tests.Fleet;

/// <summary>
/// Several instances behind nginx, with the configuration that is for users, over one database.
/// </summary>
public sealed class FleetTests(Instances instances, ITestOutputHelper output) : IClassFixture<Instances>, IDisposable
{
    private const int NpmStreams = 6;
    private const int Recorded = 1_000_000;
    private const string Whole = "messages?count=40&intervalMs=0&record=whole";

    // An nginx before 1.27.4 that is reloaded closes connections on which a client may just have sent a request.
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.Zero;

    private readonly HttpClient _client = new(new SocketsHttpHandler
    {
        UseProxy = false,
        MaxResponseDrainSize = 0,
        PooledConnectionLifetime = ConnectionLifetime,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    public void Dispose() => _client.Dispose();

    [NginxFact]
    public async Task Replacing_all_instances_one_after_another_costs_no_row_and_no_error()
    {
        var whole = await RecordedWholeAsync();
        var recording = new FollowingReader(
            _client, Api($"messages?count={Recorded}&intervalMs=50&record=cut"), isEvents: false, Number, before: -1);
        FollowingReader[] keyed =
        [
            .. Enumerable.Range(0, 6).Select(n => new FollowingReader(
                _client, Api("queries/keyed"), isEvents: n % 2 == 0, row => row.GetProperty("id").GetInt64())),
        ];
        UnkeyedReader[] unkeyed =
        [
            .. Enumerable.Range(0, 3).Select(_ => new UnkeyedReader(_client, Api("queries/unkeyed"))),
        ];
        await using var npm = new NpmReaders(instances.Address, NpmStreams);
        using var chaos = new ChaosRun(
            seed: 16, [instances.Address, instances.Address], writerCount: 4, readerCount: 10, ConnectionLifetime);
        using var releasing = new CancellationTokenSource();
        var release = instances.Rows.ReleaseAsync(releasing.Token);
        await npm.BegunAsync();
        Task[] running = [.. keyed.Append<IFleetReader>(recording).Concat(unkeyed).Select(one => one.RunAsync())];
        var progress = new Progress(npm, [.. keyed], running[..keyed.Length]);

        output.WriteLine(await chaos.RunAsync(async () =>
        {
            await progress.UntilAllHaveMoreAsync();
            for (var place = 0; place < instances.Running.Count(); place++)
            {
                await instances.ReplaceAsync(place, isTakenOut: place > 0);
                await progress.UntilAllHaveMoreAsync();
                Assert.Equal(whole, await _client.GetStringAsync(Api(Whole)).Within());
            }
        }));

        await releasing.CancelAsync();
        await release;
        var rows = await instances.Rows.EndAsync();
        await Task.WhenAll(running).Within();
        var (last, rejoins) = await npm.EndAsync();
        output.WriteLine(
            $"{rows} rows; responses {string.Join(' ', keyed.Select(reader => reader.Responses))}, "
            + $"rejoins {string.Join(' ', rejoins)}; writers met: {string.Join(' ', chaos.CutsOfWriters)}");

        Assert.All(keyed.Select(reader => reader.Last).Concat(last), number => Assert.Equal(rows, number));
        Assert.All(keyed, reader => Assert.Null(reader.Problem));

        // Each was moved at least once, since none of the first instances is left.
        Assert.All(keyed.Select(reader => reader.Responses - 1L).Concat(rejoins), moves => Assert.True(moves >= 1));
        Assert.Empty(keyed.SelectMany(reader => reader.Cuts));
        Assert.Empty(chaos.CutsOfReaders);
        await AssertTheRecordingIsCutAlikeForAllAsync(recording);
    }

    [NginxFact]
    public async Task An_append_that_has_reached_an_instance_is_never_given_to_another_one()
    {
        var url = Api($"streams/{Guid.NewGuid():N}");
        using (await _client.PutAsync(url, ChaosRun.Json("")).Within())
        {
        }

        await using var locking = await instances.Database.OpenConnectionAsync();
        await using var locked = await locking.BeginTransactionAsync();
        await using (var take = new NpgsqlCommand(
            "select from chunkstream.streams where path = $1 for update", locking))
        {
            take.Parameters.Add(new() { Value = url.Segments[^1] });
            await take.ExecuteNonQueryAsync();
        }

        var appending = _client.PostAsync(url, ChaosRun.Json("1"));
        var instance = instances.Named(await WaitingSessionAsync());
        instance.Kill();

        // It may be stored, or not; only a producer can be told which.
        using (var response = await appending.Within())
            Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        var again = AppendAsync(url, "2");
        await locked.RollbackAsync();
        Assert.Equal(HttpStatusCode.OK, await again);
        Assert.Equal(HttpStatusCode.NoContent, await AppendAsync(url, "2"));
        await instance.StartAsync();

        var messages = await _client.GetFromJsonAsync<int[]>(url).Within();
        Assert.InRange(messages!.Count(message => message == 1), 0, 1);
        Assert.Single(messages!, message => message == 2);
    }

    [NginxFact]
    public async Task A_body_passes_that_is_as_large_as_the_app_takes_and_the_app_says_what_is_too_large()
    {
        var url = Api($"streams/{Guid.NewGuid():N}");
        using var created = await _client.PutAsync(url, new ByteArrayContent(new byte[8 * 1024 * 1024])).Within();
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);

        using var refused = await _client.PostAsync(url, new ByteArrayContent(new byte[9 * 1024 * 1024])).Within();
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
        await refused.ProblemAsync();
    }

    /// <summary>The application name of the session that waits for the lock.</summary>
    private async Task<string> WaitingSessionAsync()
    {
        string? name = null;
        await Bounded.Until(
            async () =>
            {
                await using var find = instances.Database.CreateCommand(
                    "select application_name from pg_stat_activity "
                    + "where wait_event_type = 'Lock' and application_name like 'instance %'");
                name = (string?)await find.ExecuteScalarAsync();
                return name is not null;
            },
            "the append waits in the database");
        return name!;
    }

    private async Task<HttpStatusCode> AppendAsync(Uri url, string message)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = ChaosRun.Json(message) };
        request.Headers.Add("Producer-Id", "one");
        request.Headers.Add("Producer-Epoch", "0");
        request.Headers.Add("Producer-Seq", "0");
        using var response = await _client.SendAsync(request).Within();
        return response.StatusCode;
    }

    private async Task<string> RecordedWholeAsync()
    {
        var whole = await _client.GetStringAsync(Api(Whole)).Within();
        Assert.Equal(40, whole.Count(letter => letter == '\n'));
        return whole;
    }

    /// <summary>
    /// Its generator ended with the first instance. Whoever followed it, and whoever comes now, gets all that was
    /// recorded, and is told that this is not all.
    /// </summary>
    private async Task AssertTheRecordingIsCutAlikeForAllAsync(FollowingReader first)
    {
        var later = new FollowingReader(
            _client, Api($"messages?count={Recorded}&intervalMs=50&record=cut"), isEvents: true, Number, before: -1);
        await later.RunAsync().Within();

        Assert.Equal("urn:chunkstream:recording-incomplete", first.Problem);
        Assert.Equal("urn:chunkstream:recording-incomplete", later.Problem);
        Assert.True(first.Last > 0);
        Assert.Equal(first.Last, later.Last);
    }

    private Uri Api(string path) => new(instances.Address, $"api/{path}");

    private static long Number(JsonElement message) => message.GetProperty("number").GetInt64();

    /// <summary>How far all readers are that go on to the end.</summary>
    private sealed class Progress(NpmReaders npm, IReadOnlyList<IFleetReader> readers, IReadOnlyList<Task> running)
    {
        /// <summary>Waits until each has rows that none has now. Fails with the first that fails.</summary>
        public async Task UntilAllHaveMoreAsync()
        {
            var most = Math.Max(readers.Max(reader => reader.Last), await npm.LastAsync());
            await Bounded.Until(
                async () =>
                {
                    if (running.FirstOrDefault(one => one.IsCompleted) is { } ended)
                        await ended;
                    return readers.All(reader => reader.Last > most) && await npm.LastAsync() > most;
                },
                $"all readers are beyond row {most}");
        }
    }
}
