using System.Globalization;
using ChunkStream.Benchmarks.E2e.Report;
using ChunkStream.LocalHost;

namespace ChunkStream.Benchmarks.Cold;

/// <summary>The apps in turns, all started for one request.</summary>
/// <param name="path">What is asked for.</param>
/// <param name="goal">What is aimed at.</param>
/// <param name="apps">The apps; the first is the one that the others are compared with.</param>
/// <param name="settings">Their settings.</param>
internal sealed class ColdGroup(
    string path, string goal, IReadOnlyList<ColdApp> apps, IReadOnlyDictionary<string, string> settings)
{
    private const string OfEmpty = "/api/stream";

    private static readonly TimeSpan RunLimit = TimeSpan.FromMinutes(1);

    private readonly Dictionary<ColdApp, int?> _methods = [];
    private readonly Dictionary<ColdApp, List<ColdStart>> _starts
        = apps.ToDictionary(app => app, _ => new List<ColdStart>());

    public string Path => path;

    public string Goal => goal;

    public IReadOnlyList<ColdApp> Apps => apps;

    /// <summary>Starts each app once to count methods, and then <paramref name="rounds"/> times to measure.</summary>
    public async Task RunAsync(int rounds, CancellationToken cancellation)
    {
        foreach (var app in apps)
            _methods[app] = (await StartAsync(app, countMethods: true, cancellation)).Methods;
        for (var round = 1; round <= rounds; round++)
        {
            foreach (var app in apps)
            {
                var start = await StartAsync(app, countMethods: false, cancellation);
                _starts[app].Add(start);
                Console.Out.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"round {round,-3} {path,-22} {app.What,-42} {start.FirstByte.TotalSeconds,6:0.000} s"
                    + $"  {start.Cpu?.TotalSeconds,5:0.00} s of CPU"));
            }
        }
    }

    /// <summary>How many methods an app compiled.</summary>
    public int? Methods(ColdApp app) => _methods[app];

    /// <summary>The median of a figure.</summary>
    public double? Median(ColdApp app, Func<ColdStart, double?> figure) => Medians.Of(_starts[app].Select(figure));

    /// <summary>
    /// The median over the rounds of how an app's figure compares with the empty app's of the same round, since what
    /// else happens on the machine happens to both.
    /// </summary>
    public double? Compared(ColdApp app, Func<ColdStart, double?> figure, Func<double?, double?, double?> compare)
        => Medians.Of(_starts[app].Zip(_starts[apps[0]], (one, empty) => compare(figure(one), figure(empty))));

    private async Task<ColdStart> StartAsync(ColdApp app, bool countMethods, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(RunLimit);
        try
        {
            return await ColdStart.MeasureAsync(app, app.IsEmpty ? OfEmpty : path, settings, countMethods, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new StartupFailure($"{app.What}: no first byte of {path} within {RunLimit.TotalSeconds:0} s.");
        }
        catch (Exception e) when (e is InvalidOperationException or HttpRequestException)
        {
            throw new StartupFailure($"{app.What} does not start: {e.Message}", e);
        }
    }
}
