using System.Diagnostics;

namespace ChunkStream.Benchmarks.Fleet;

/// <summary>A client that keeps going over any number of responses, and notes what it notices.</summary>
internal abstract class FleetClient
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly List<long> _arrivals = [];

    /// <summary>What it is, in the words of the table.</summary>
    public abstract string What { get; }

    /// <summary>
    /// The timestamps of its rows, messages or acknowledgements, in order. Read it when it has ended.
    /// </summary>
    public IReadOnlyList<long> Arrivals => _arrivals;

    /// <summary>The timestamps of ends that a client goes on after as it was told to.</summary>
    public List<long> Moves { get; } = [];

    /// <summary>The timestamps of failures, and what each was.</summary>
    public List<(long At, string What)> Errors { get; } = [];

    /// <summary>Goes on until it is told to leave.</summary>
    /// <exception cref="InvalidDataException">Something was lost, doubled, or in another order.</exception>
    public async Task RunAsync(CancellationToken leave)
    {
        while (!leave.IsCancellationRequested)
        {
            try
            {
                await OnceAsync(leave);
                Moves.Add(Stopwatch.GetTimestamp());
            }
            catch (Exception e) when (e is not InvalidDataException && leave.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                Errors.Add((Stopwatch.GetTimestamp(), e.Message));
                await Task.Delay(Pause, CancellationToken.None);
            }
        }
    }

    /// <summary>Makes one request, and returns where its answer says how to go on.</summary>
    protected abstract Task OnceAsync(CancellationToken leave);

    /// <summary>Takes the next number.</summary>
    protected void Arrive(long number)
    {
        if (number != _arrivals.Count)
            throw new InvalidDataException($"{What}: {number} came where {_arrivals.Count} was due.");
        _arrivals.Add(Stopwatch.GetTimestamp());
    }

    /// <summary>Fails as a broken connection would, unless the answer is a success.</summary>
    protected static void RequireSuccess(HttpResponseMessage response)
    {
        if (!response.IsSuccessStatusCode)
            throw new HttpRequestException($"{(int)response.StatusCode}");
    }
}
