using System.ComponentModel;
using System.Diagnostics;

namespace ChunkStream.LocalHost.Embedded;

/// <summary>A program to run to its end, and how long that may take.</summary>
internal sealed record ChildProcess(string Program, params IReadOnlyList<string> Arguments)
{
    /// <summary>The limit after which it is killed. Default 2 minutes: far more than all but downloads take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Where it runs; default: here.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>Who it runs as, on Unix as root; default: who we are.</summary>
    public string? UserName { get; init; }

    /// <summary>Environment variables to set.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Whether it starts a server that outlives it. Then its pipes may stay open after it ended (on Windows the server
    /// inherits them), and its children must not be killed with it.
    /// </summary>
    public bool LeavesServerBehind { get; init; }

    /// <summary>Runs it, and gives its exit code and what it wrote, standard output first.</summary>
    /// <exception cref="StartupFailure">It could not be started, or ran into its limit.</exception>
    public async Task<ChildResult> RunAsync(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        using var process = Start();
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Timeout);
        try
        {
            await process.WaitForExitAsync(limit.Token);
            // Ctrl+C in a terminal reaches the child too, and may end it before our own handler has run: an
            // interruption must not be reported as the child's failure.
            if (process.ExitCode != 0)
                await Task.Delay(TimeSpan.FromMilliseconds(100), cancellation);
        }
        catch (OperationCanceledException)
        {
            Kill(process, !LeavesServerBehind);
            cancellation.ThrowIfCancellationRequested();
            throw new StartupFailure($"{this} did not end within {Timeout.TotalSeconds:0} seconds, and was stopped.");
        }

        if (LeavesServerBehind && process.ExitCode == 0)
            return new ChildResult(0, "");

        try
        {
            var texts = await Task.WhenAll(output, errors).WaitAsync(TimeSpan.FromSeconds(5), cancellation);
            return new ChildResult(process.ExitCode, string.Concat(texts).Trim());
        }
        catch (TimeoutException)
        {
            return new ChildResult(process.ExitCode, "");
        }
    }

    /// <summary>Runs it, and takes any exit code but 0 as a failure.</summary>
    /// <exception cref="StartupFailure">It could not be started, ran into its limit, or failed.</exception>
    public async Task<string> RunToSuccessAsync(CancellationToken cancellation)
    {
        var result = await RunAsync(cancellation);
        return result.ExitCode == 0
            ? result.Output
            : throw new StartupFailure($"{this} failed with exit code {result.ExitCode}:\n{result.Output}");
    }

    /// <summary>Its name and first argument: what messages call it.</summary>
    public override string ToString() =>
        $"{Path.GetFileNameWithoutExtension(Program)} {(Arguments.Count > 0 ? Arguments[0] : "")}".TrimEnd();

    private Process Start()
    {
        var start = new ProcessStartInfo(Program, Arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = WorkingDirectory ?? "",
        };
        if (UserName is not null)
            start.UserName = UserName;
        foreach (var (name, value) in Environment)
            start.Environment[name] = value;

        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new StartupFailure($"{Program} cannot be started: {e.Message}", e);
        }
    }

    private static void Kill(Process process, bool withChildren)
    {
        try
        {
            process.Kill(withChildren);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It ended by itself in the meantime.
        }
    }
}

/// <summary>How a <see cref="ChildProcess"/> ended.</summary>
internal sealed record ChildResult(int ExitCode, string Output);
