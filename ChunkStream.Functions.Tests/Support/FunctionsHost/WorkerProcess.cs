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
        _process.OutputDataReceived += (_, line) => Say(line.Data);
        _process.ErrorDataReceived += (_, line) => Say(line.Data);
        StartedAt = Stopwatch.GetTimestamp();
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        Exited = ExitAsync();

        void Say(string? line)
        {
            if (line is not null)
                say(line);
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
        var start = new ProcessStartInfo(InFolder("defaultExecutablePath"))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        if (InFolder("defaultWorkerPath") is { Length: > 0 } program)
            start.ArgumentList.Add(Path.Combine(folder, program));

        // Each is said twice: the longer names are for workers whose apps take arguments of their own.
        var (workerId, requestId) = (Guid.NewGuid().ToString(), Guid.NewGuid().ToString());
        var longest = $"{int.MaxValue}";
        string[] arguments =
        [
            "--host", host.Host, "--port", $"{host.Port}", "--workerId", workerId, "--requestId", requestId,
            "--grpcMaxMessageLength", longest,
            "--functions-uri", host.AbsoluteUri, "--functions-worker-id", workerId,
            "--functions-request-id", requestId, "--functions-grpc-max-message-length", longest,
        ];
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);

        start.Environment["FUNCTIONS_WORKER_RUNTIME"] = "dotnet-isolated";
        start.Environment["FUNCTIONS_WORKER_DIRECTORY"] = folder;
        start.Environment["FUNCTIONS_APPLICATION_DIRECTORY"] = folder;
        start.Environment["NO_PROXY"] = "127.0.0.1,localhost";
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        return new WorkerProcess(start, say);

        string InFolder(string setting)
            => ((string?)worker[setting] ?? "").Replace("{WorkerRoot}", folder + '/', StringComparison.Ordinal);
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
