using System.ComponentModel;
using System.Diagnostics;

namespace ChunkStream.LocalHost.Embedded;

/// <summary>A program to run to its end, and how long that may take.</summary>
internal sealed record ChildProcess(string Program, params IReadOnlyList<string> Arguments)
{
    /// <summary>
    /// After this time the program is killed. Default: 2 minutes, far more than anything but a download takes.
    /// </summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>The folder it runs in. Default: this process's current folder.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>The user it runs as, which on Unix only root may choose. Default: this process's user.</summary>
    public string? UserName { get; init; }

    /// <summary>Environment variables to set for it.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Whether the program starts a server that outlives it. Then its pipes may stay open after its end, because on
    /// Windows the server inherits them; and its children must not be killed with it.
    /// </summary>
    public bool LeavesServerBehind { get; init; }

    /// <summary>Runs the program. Returns its exit code, and its standard output followed by its errors.</summary>
    /// <exception cref="StartupFailure">It could not be started, or reached its time limit.</exception>
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
            // Ctrl+C in a terminal reaches the child too, and may end it before this process's own handler has run.
            // The pause lets the handler cancel, so that an interruption is not reported as the child's failure.
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

    /// <summary>Runs the program, and takes any exit code other than 0 as a failure. Returns what it wrote.</summary>
    /// <exception cref="StartupFailure">It could not be started, reached its time limit, or failed.</exception>
    public async Task<string> RunToSuccessAsync(CancellationToken cancellation)
    {
        var result = await RunAsync(cancellation);
        return result.ExitCode == 0
            ? result.Output
            : throw new StartupFailure($"{this} failed with exit code {result.ExitCode}:\n{result.Output}");
    }

    /// <summary>Returns the program's name and first argument, as messages show it.</summary>
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
            // The process ended by itself in the meantime.
        }
    }
}

/// <summary>How a <see cref="ChildProcess"/> ended.</summary>
internal sealed record ChildResult(int ExitCode, string Output);
