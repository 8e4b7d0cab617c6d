using ChunkStream.Benchmarks.E2e.Processes;
using ChunkStream.Benchmarks.E2e.Servers;

namespace ChunkStream.Benchmarks.E2e.Cases;

/// <summary>Something that is measured, in a process of its own. Disposing it stops the process.</summary>
internal interface IBenchmarkCase : IAsyncDisposable
{
    /// <summary>The name that <c>--only</c> takes.</summary>
    string Name { get; }

    /// <summary>What it is, in the words of the table.</summary>
    string What { get; }

    /// <summary>How many rounds it takes part in, from the first on.</summary>
    int MostRounds { get; }

    /// <summary>Whether it is run once before it is measured.</summary>
    bool HasWarmUp { get; }

    /// <summary>What its process has used since its start.</summary>
    ProcessUsage Usage { get; }

    /// <summary>Starts the process.</summary>
    /// <exception cref="MissingPeerException">The machine lacks what it needs.</exception>
    Task StartAsync(CancellationToken cancellation);

    /// <summary>Runs the case once.</summary>
    /// <exception cref="InvalidDataException">The answer was not what was asked for.</exception>
    Task<Sample> RunAsync(CancellationToken cancellation);
}
