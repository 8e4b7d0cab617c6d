namespace ChunkStream.Benchmarks.Smoke;

/// <summary>Something that an app is asked to do.</summary>
internal interface ISmokeCheck
{
    /// <summary>What it is, in a few words.</summary>
    string Name { get; }

    /// <summary>How long it waits on purpose.</summary>
    TimeSpan Takes(SmokeSettings settings) => TimeSpan.Zero;

    /// <summary>Runs it, and says in a few words what was seen.</summary>
    /// <exception cref="SmokeFailure">The app does not do it.</exception>
    /// <exception cref="SmokeSkipped">It can't be asked for that.</exception>
    Task<string> RunAsync(SmokeClient client, SmokeSettings settings, CancellationToken cancellation);
}

/// <summary>The app does not do what it should. The message says what was seen instead.</summary>
internal sealed class SmokeFailure(string message) : Exception(message);

/// <summary>The check can't be made here. The message says why.</summary>
internal sealed class SmokeSkipped(string message) : Exception(message);
