using System.Diagnostics;
using ChunkStream.Benchmarks.E2e.Processes;
using ChunkStream.Functions.Tests.Support.FunctionsHost;

namespace ChunkStream.Benchmarks.Cold;

/// <summary>
/// One start of an app: what passed between the start of the worker's process and a response's first byte.
/// </summary>
/// <param name="Ready">Until its functions were loaded.</param>
/// <param name="FirstByte">Until the first byte of the body of the first response.</param>
/// <param name="Cpu">What the worker's process had used by then; null where this system does not tell.</param>
/// <param name="Methods">How many methods it had compiled by then; null where that was not counted.</param>
internal sealed record ColdStart(TimeSpan Ready, TimeSpan FirstByte, TimeSpan? Cpu, int? Methods)
{
    /// <summary>Starts an app, makes one request, and kills it.</summary>
    /// <param name="app">The app.</param>
    /// <param name="path">What is asked for.</param>
    /// <param name="settings">The app's settings.</param>
    /// <param name="countMethods">
    /// Whether to count methods. The runtime then writes a file, so the times mean nothing.
    /// </param>
    /// <param name="cancellation">A token that ends the start.</param>
    public static async Task<ColdStart> MeasureAsync(
        ColdApp app, string path, IEnumerable<KeyValuePair<string, string>> settings, bool countMethods,
        CancellationToken cancellation)
    {
        var list = Path.GetTempFileName();
        try
        {
            if (countMethods)
                settings = [.. settings, new("DOTNET_JitStdOutFile", list), new("DOTNET_JitDisasmSummary", "1")];
            var measured = await MeasureAsync(app.Folder, path, settings, cancellation);
            return countMethods
                ? measured with { Methods = File.ReadLines(list).Count(line => line.Contains("JIT compiled")) }
                : measured;
        }
        finally
        {
            File.Delete(list);
        }
    }

    private static async Task<ColdStart> MeasureAsync(
        string folder, string path, IEnumerable<KeyValuePair<string, string>> settings, CancellationToken cancellation)
    {
        await using var app = await FunctionApp.StartAsync(folder, settings, cancellation);
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = app.Address };
        using var response = await client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (!response.IsSuccessStatusCode)
            throw new InvalidDataException($"{path} was answered {(int)response.StatusCode}.");

        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        if (await body.ReadAsync(new byte[1], cancellation) == 0)
            throw new InvalidDataException($"{path} was answered with nothing.");
        return new ColdStart(
            Stopwatch.GetElapsedTime(app.Process.StartedAt, app.ReadyAt),
            Stopwatch.GetElapsedTime(app.Process.StartedAt),
            ProcessUsage.Read(app.Process.Id, hasChildren: false).Cpu,
            Methods: null);
    }
}
