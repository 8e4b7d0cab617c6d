using System.Diagnostics;
using System.Globalization;
using ChunkStream.LocalHost;

namespace ChunkStream.Benchmarks.Live;

/// <summary>A reader of a live query, which notes when each change arrives.</summary>
internal sealed class LiveReader
{
    private const string Upsert = "{\"upsert\":";
    private const string Number = "\"n\":";

    private readonly List<(int Change, long At)> _arrivals = [];

    /// <summary>The numbers of the changes that arrived, and when: timestamps.</summary>
    public IReadOnlyList<(int Change, long At)> Arrivals => _arrivals;

    /// <summary>
    /// Opens the stream, and returns when all rows are there; then reads on until it is told to leave.
    /// </summary>
    /// <param name="http">The client of one instance.</param>
    /// <param name="path">The path of the stream.</param>
    /// <param name="leaving">Tells it to leave.</param>
    /// <returns>A task for the reading that goes on.</returns>
    public async Task<Task> BeginAsync(HttpClient http, string path, CancellationToken leaving)
    {
        var response = await http.GetAsync(
            new Uri(path, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, leaving);
        if (!response.IsSuccessStatusCode)
            throw new StartupFailure(await response.Content.ReadAsStringAsync(leaving));
        var lines = new StreamReader(await response.Content.ReadAsStreamAsync(leaving));
        while (await lines.ReadLineAsync(leaving) is { } line)
        {
            if (line.StartsWith("{\"up-to-date\"", StringComparison.Ordinal))
                return ReadOnAsync(response, lines, leaving);
        }

        throw new InvalidDataException($"The stream {path} ended before it was up to date.");
    }

    private async Task ReadOnAsync(HttpResponseMessage response, StreamReader lines, CancellationToken leaving)
    {
        using var _ = response;
        try
        {
            while (await lines.ReadLineAsync(leaving) is { } line)
            {
                if (!line.StartsWith(Upsert, StringComparison.Ordinal))
                    continue;
                var at = Stopwatch.GetTimestamp();
                var from = line.IndexOf(Number, StringComparison.Ordinal) + Number.Length;
                var to = line.IndexOfAny([',', '}'], from);
                _arrivals.Add((int.Parse(line.AsSpan(from..to), CultureInfo.InvariantCulture), at));
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }

        throw new InvalidDataException("A live stream ended while it was read.");
    }
}
