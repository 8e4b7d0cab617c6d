using System.Diagnostics;
using System.Text.Json.Nodes;

namespace ChunkStream.Functions.Tests.Support.FunctionsHost;

/// <summary>The worker's process: the built app, started as the host starts it.</summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    private readonly Process _process = new();

    private WorkerProcess(ProcessStartInfo start, Action<string> say)
    {
        _process.StartInfo = start;
        _process.OutputDataReceived += Say;
        _process.ErrorDataReceived += Say;
        StartedAt = Stopwatch.GetTimestamp();
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        Exited = ExitAsync();

        void Say(object sender, DataReceivedEventArgs line)
        {
            if (line.Data is { } text)
                say(text);
        }
    }

    public int Id => _process.Id;

    /// <summary>A timestamp of <see cref="Stopwatch"/>, just before the process began.</summary>
    public long StartedAt { get; }

    /// <summary>Gives the exit code once the process has ended and all its lines have been read.</summary>
    public Task<int> Exited { get; }

    /// <summary>Starts the program that worker.config.json names.</summary>
    /// <param name="folder">The app's output folder.</param>
    /// <param name="host">The address of the host's gRPC server.</param>
    /// <param name="settings">Environment variables beside those of this process.</param>
    /// <param name="say">Takes the lines of its console.</param>
    public static WorkerProcess Start(
        string folder, Uri host, IEnumerable<KeyValuePair<string, string>> settings, Action<string> say)
    {
        var worker = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "worker.config.json")))!["description"]!;
        var executable = (string)worker["defaultExecutablePath"]!;
        string[] program = (string?)worker["defaultWorkerPath"] is { Length: > 0 } path
            ? [Path.Combine(folder, path)]
            : [];
        var start = new ProcessStartInfo(executable.Replace("{WorkerRoot}", $"{folder}/", StringComparison.Ordinal),
        [
            .. program,
            "--functions-uri", host.AbsoluteUri,
            "--functions-worker-id", Guid.NewGuid().ToString(),
            "--functions-request-id", Guid.NewGuid().ToString(),
            "--functions-grpc-max-message-length", $"{int.MaxValue}",
        ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        start.Environment["FUNCTIONS_WORKER_RUNTIME"] = "dotnet-isolated";
        start.Environment["FUNCTIONS_WORKER_DIRECTORY"] = folder;
        start.Environment["FUNCTIONS_APPLICATION_DIRECTORY"] = folder;
        start.Environment["NO_PROXY"] = "127.0.0.1,localhost";
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        return new WorkerProcess(start, say);
    }

    /// <summary>Sends it SIGTERM, as the platform does when it takes an instance away.</summary>
    public async Task SignalAsync()
    {
        if (OperatingSystem.IsWindows())
            throw new PlatformNotSupportedException("Windows has no signal for another process.");
        using var kill = Process.Start("kill", ["-TERM", $"{Id}"]);
        await kill.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await Exited;
        _process.Dispose();
    }

    private async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }
}
