using System.Diagnostics;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>Another program that a test talks with, line by line. It ends with the test.</summary>
internal sealed class RunningProgram : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task<string> _errors;

    private RunningProgram(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
    }

    public static RunningProgram Start(
        string program, IEnumerable<string> arguments, string? folder = null,
        params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "",
        };

        // Everything that the program calls is on this machine, so no proxy is used.
        start.Environment["NO_PROXY"] = "127.0.0.1,localhost";
        start.Environment["PYTHONUNBUFFERED"] = "1";
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return new RunningProgram(Process.Start(start)!);
    }

    /// <summary>
    /// Starts a JavaScript module with what the client exports, the server's address as
    /// <c>api</c>, and <c>line()</c>, which reads a line that the test writes.
    /// </summary>
    public static RunningProgram JavaScript(Uri api, string script)
    {
        var client = new Uri(Path.Combine(Repository.Root, "client", "src", "index.js"));
        return Start("node", ["--input-type=module", "--eval",
            $$"""
            import { collection, live, stream, StreamError } from '{{client}}';
            import { once } from 'node:events';
            const api = '{{new Uri(api, "/api")}}';
            const line = () => once(process.stdin, 'data');
            {{script}}
            process.exit();
            """]);
    }

    /// <summary>The process's id.</summary>
    public int Id => _process.Id;

    /// <summary>The next line that it says.</summary>
    /// <param name="limit">How long it may take; if not given, the limit of every wait.</param>
    public async Task<string> ReadLineAsync(TimeSpan? limit = null)
        => await _process.StandardOutput.ReadLineAsync().Within(limit)
            ?? throw new IOException($"It ended without a word: {await _errors.Within()}");

    /// <summary>Tells it to go on.</summary>
    public Task GoOnAsync(string how = "go on") => _process.StandardInput.WriteLineAsync(how);

    /// <summary>Waits for its end; gives its exit code and what else it said.</summary>
    public async Task<(int ExitCode, string Output, string Errors)> EndAsync(TimeSpan? limit = null)
    {
        var output = await _process.StandardOutput.ReadToEndAsync().Within(limit ?? TimeSpan.FromMinutes(5));
        await _process.WaitForExitAsync().Within();
        return (_process.ExitCode, output.ReplaceLineEndings("\n"), await _errors.Within());
    }

    /// <summary>Waits for its end and gives the lines that it wrote. Fails if the program failed.</summary>
    public async Task<string[]> LinesAsync()
    {
        var (exitCode, output, errors) = await EndAsync();
        Assert.True(exitCode == 0, $"Exit code {exitCode}: {errors}\n{output}");
        return output.Split('\n')[..^1];
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync().Within();
        }

        _process.Dispose();
    }
}
