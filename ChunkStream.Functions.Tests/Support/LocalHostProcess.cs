using System.Collections.Concurrent;
using System.Diagnostics;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>
/// A process of the local host. It can be killed or told to stop, and be started again at the same address. Its
/// settings are environment variables.
/// </summary>
internal sealed class LocalHostProcess(
    string connectionString, params (string Name, string Value)[] settings) : IDisposable
{
    private const int LinesKept = 60;

    private readonly int _port = ServerPort.Take();
    private readonly ConcurrentQueue<string> _lines = new();
    private Process? _process;

    /// <summary>What a test calls it.</summary>
    public string Name { get; init; } = "";

    public Uri Address => new($"http://127.0.0.1:{_port}/");

    /// <summary>The last lines of its output.</summary>
    public string Said => string.Join('\n', _lines);

    /// <summary>Starts the process. Completes when it answers.</summary>
    public async Task StartAsync()
    {
        Dispose();
        var start = new ProcessStartInfo(
            "dotnet", [typeof(TestHost).Assembly.Location, "--port", $"{_port}", "--database", connectionString])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        process.OutputDataReceived += (_, line) => Hear(line.Data);
        process.ErrorDataReceived += (_, line) => Hear(line.Data);
        process.Exited += (_, _) => ready.TrySetException(new IOException("It has ended."));
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _process = process;
        try
        {
            await ready.Task.Within(WebProgram.StartLimit);
        }
        catch (Exception e)
        {
            throw new IOException($"No instance on port {_port}: {e.Message}\n{Said}", e);
        }

        void Hear(string? line)
        {
            if (line is null)
                return;
            _lines.Enqueue(line);
            while (_lines.Count > LinesKept)
                _lines.TryDequeue(out _);
            if (line.StartsWith("ChunkStream is ready", StringComparison.Ordinal))
                ready.TrySetResult();
        }
    }

    /// <summary>Kills the process at once, whatever it is doing.</summary>
    public void Kill() => _process?.Kill();

    /// <summary>Tells the process to stop, and waits until it has: its exit code.</summary>
    public async Task<int> StopAsync()
    {
        using (var kill = Process.Start("kill", $"-TERM {_process!.Id}"))
            await kill.WaitForExitAsync().Within();
        await _process.WaitForExitAsync().Within();
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (_process is null)
            return;
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }
}
