using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using ChunkStream.Benchmarks.E2e;
using ChunkStream.Benchmarks.E2e.Report;
using ChunkStream.LocalHost;

namespace ChunkStream.Benchmarks.Fleet;

/// <summary>Replaces the instances of a fleet while streams are open, and writes down what clients noticed.</summary>
internal static class FleetRun
{
    private const int RowsOfTheOtherBenchmarks = 1_000;

    private static readonly TimeSpan RunLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Undisturbed = TimeSpan.FromSeconds(5);

    /// <summary>Runs it, and gives the process's exit code.</summary>
    public static Task<int> RunAsync(FleetSettings settings, CancellationToken cancellation)
        => ReportedRun.RunAsync(
            FleetCommand.Name,
            settings.Output,
            async () => (await MeasureInTimeAsync(settings, cancellation), HasFailures: false),
            cancellation);

    private static async Task<string> MeasureInTimeAsync(FleetSettings settings, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(RunLimit);
        try
        {
            return await MeasureAsync(settings, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new StartupFailure(
                $"The run did not end within {RunLimit.TotalMinutes:0} minutes. Everything is stopped.");
        }
    }

    private static async Task<string> MeasureAsync(FleetSettings settings, CancellationToken cancellation)
    {
        await using var databases = new TestDatabases();
        var database = await databases.WithRowsAsync(RowsOfTheOtherBenchmarks, cancellation);
        await using var servers = await FleetServers.StartAsync(database, cancellation);
        using var http = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            MaxResponseDrainSize = 0,
            // An nginx before 1.27.4 that is reloaded closes connections on which a request may just have been sent.
            PooledConnectionLifetime = TimeSpan.Zero,
        })
        {
            BaseAddress = new Uri($"http://127.0.0.1:{servers.Port}/"),
            Timeout = Timeout.InfiniteTimeSpan,
        };
        var clients = await CreateAsync(http, settings.Streams, cancellation);

        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task[] running = [.. clients.Select(client => Task.Run(() => client.RunAsync(leaving.Token)))];
        var phases = await ReplaceAsync(servers, running, cancellation);
        await leaving.CancelAsync();
        await Task.WhenAll(running);
        await CheckAsync(http, clients, cancellation);

        var machine = await Machine.DescribeAsync(databases.Description, cancellation);
        return FleetReport.Create(clients, phases, machine, settings.CommandLine, TimeProvider.System);
    }

    private static async Task<IReadOnlyList<FleetPhase>> ReplaceAsync(
        FleetServers servers, IReadOnlyList<Task> running, CancellationToken cancellation)
    {
        // What comes first are the first requests of each instance, which are slower.
        await Task.Delay(Undisturbed, cancellation);
        var from = Stopwatch.GetTimestamp();
        await Task.Delay(Undisturbed, cancellation);
        var undisturbed = new FleetPhase(
            $"Undisturbed, {Undisturbed.TotalSeconds:0} s", [(from, Stopwatch.GetTimestamp())]);
        return
        [
            undisturbed,
            new FleetPhase("nginx gives an instance nothing more to do before it stops", await AllAsync(isTold: true)),
            new FleetPhase("nginx finds out by itself that an instance stops", await AllAsync(isTold: false)),
        ];

        async Task<IReadOnlyList<(long From, long To)>> AllAsync(bool isTold)
        {
            var windows = new List<(long, long)>();
            for (var place = 0; place < FleetServers.Count; place++)
            {
                windows.Add(await servers.ReplaceAsync(place, isTold, cancellation));
                ConsoleLines.Out.Report($"Instance {place + 1} is replaced.");
                // A client ends before it is told to leave only if it has found a mistake.
                if (running.FirstOrDefault(client => client.IsCompleted) is { } ended)
                    await ended;
            }

            return windows;
        }
    }

    private static async Task<IReadOnlyList<FleetClient>> CreateAsync(
        HttpClient http, int streams, CancellationToken cancellation)
    {
        var writers = streams / 10;
        var paths = Enumerable.Range(0, writers).Select(number => $"api/streams/fleet/{number}").ToArray();
        foreach (var path in paths)
        {
            using var empty = new ByteArrayContent([]);
            empty.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using var created = await http.PutAsync(new Uri(path, UriKind.Relative), empty, cancellation);
            created.EnsureSuccessStatusCode();
        }

        return
        [
            .. Enumerable.Range(0, streams - (3 * writers)).Select(_ => new RowsClient(http)),
            .. paths.Concat(paths).Select(path => new TailClient(http, path)),
            .. paths.Select(path => new WriterClient(http, path)),
        ];
    }

    /// <summary>
    /// What was acknowledged is there once. The last append may have been stored and not acknowledged.
    /// </summary>
    private static async Task CheckAsync(
        HttpClient http, IEnumerable<FleetClient> clients, CancellationToken cancellation)
    {
        foreach (var writer in clients.OfType<WriterClient>())
        {
            var stored = await http.GetFromJsonAsync<long[]>(
                new Uri(writer.Path, UriKind.Relative), cancellation) ?? [];
            var acknowledged = writer.Arrivals.Count;
            if (!stored.Index().All(message => message.Index == message.Item)
                || (stored.Length != acknowledged && stored.Length != acknowledged + 1))
            {
                throw new InvalidDataException(
                    $"{writer.Path} has {stored.Length} messages, and {acknowledged} were acknowledged.");
            }
        }
    }
}
