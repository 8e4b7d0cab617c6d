using System.Diagnostics;
using System.Text;
using ChunkStream.Benchmarks.E2e.Cases;
using ChunkStream.Benchmarks.E2e.Client;
using ChunkStream.Benchmarks.E2e.Processes;
using ChunkStream.Benchmarks.E2e.Servers;
using ChunkStream.Benchmarks.Streams.Client;

namespace ChunkStream.Benchmarks.Identity;

/// <summary>One request after another for a few rows, on one connection.</summary>
/// <param name="name">The name of the case.</param>
/// <param name="what">What the case is, in words.</param>
/// <param name="server">The server, which all cases share.</param>
/// <param name="path">What is asked for.</param>
/// <param name="isOfUser">Whether the requests bring a token.</param>
/// <param name="count">How many requests a run has.</param>
internal sealed class RequestsCase(
    string name, string what, IdentityServer server, string path, bool isOfUser, int count) : IBenchmarkCase
{
    private const int RowsARequest = 10;

    private static readonly byte[] Mark = "\"owner\":\"anna\""u8.ToArray();

    private ServerProcess? _process;
    private byte[] _request = [];

    /// <inheritdoc />
    public string Name => name;

    /// <inheritdoc />
    public string What => what;

    /// <inheritdoc />
    public int MostRounds => int.MaxValue;

    /// <inheritdoc />
    public bool HasWarmUp => true;

    /// <inheritdoc />
    public ProcessUsage Usage => _process?.Usage ?? ProcessUsage.Unknown;

    /// <inheritdoc />
    public async Task StartAsync(CancellationToken cancellation)
    {
        _process = await server.StartAsync(cancellation);
        var token = isOfUser ? $"Authorization: Bearer {server.Token}\r\n" : "";
        _request = Encoding.ASCII.GetBytes(
            $"GET {LocalHostServer.Api}/{path} HTTP/1.1\r\nHost: localhost\r\n{token}\r\n");
    }

    /// <inheritdoc />
    public Task<Sample> RunAsync(CancellationToken cancellation)
        => Task.Factory.StartNew(
            () => Run(cancellation), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <inheritdoc />
    public ValueTask DisposeAsync() => server.DisposeAsync();

    private Sample Run(CancellationToken cancellation)
    {
        using var connection = new KeepAliveConnection(_process!.Port, cancellation);
        var counter = new MarkCounter(Mark);
        var times = new List<TimeSpan>(count);
        var before = Usage.Cpu;
        var began = Stopwatch.GetTimestamp();
        for (var request = 0; request < count; request++)
        {
            var start = Stopwatch.GetTimestamp();
            connection.Exchange(_request, counter);
            times.Add(Stopwatch.GetElapsedTime(start));
        }

        var wall = Stopwatch.GetElapsedTime(began);
        var after = Usage.Cpu;
        if (counter.Count != (long)count * RowsARequest)
            throw new InvalidDataException($"{count} requests gave {counter.Count} rows.");
        return new Sample(count, wall) { PerRequest = Latency.Of(times), Cpu = after - before };
    }
}
