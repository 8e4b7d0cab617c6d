using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using ChunkStream.LocalHost;
using ChunkStream.LocalHost.Embedded;

namespace ChunkStream.Benchmarks.E2e.Processes;

/// <summary>
/// A server that is measured. It has a process of its own, so that its CPU time and its memory can be told.
/// </summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly OutputTail _said = new();
    private readonly bool _hasChildren;

    private ServerProcess(Process process, int port, bool hasChildren)
    {
        (_process, Port, _hasChildren) = (process, port, hasChildren);
        _said.Follow(process);
    }

    /// <summary>The process's number.</summary>
    public int Id => _process.Id;

    /// <summary>The port on 127.0.0.1 at which it listens.</summary>
    public int Port { get; }

    /// <summary>A folder that is deleted once it has stopped, or could not be started; null for none.</summary>
    public string? Folder { get; init; }

    /// <summary>What the process has used since its start.</summary>
    public ProcessUsage Usage => ProcessUsage.Read(_process.Id, _hasChildren);

    /// <summary>Starts a server, and returns when it takes connections.</summary>
    /// <param name="start">The program and its arguments.</param>
    /// <param name="port">The port at which it will listen.</param>
    /// <param name="hasChildren">Whether its work is done by processes that it starts.</param>
    /// <param name="cancellation">When it is cancelled, the server is stopped again.</param>
    /// <param name="folder">See <see cref="Folder"/>.</param>
    /// <exception cref="StartupFailure">The server did not start. The message ends with what it wrote.</exception>
    public static async Task<ServerProcess> StartAsync(
        ProcessStartInfo start, int port, bool hasChildren, CancellationToken cancellation, string? folder = null)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        var server = new ServerProcess(Begin(start, folder), port, hasChildren) { Folder = folder };
        try
        {
            await server.UntilItAnswersAsync(cancellation);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Tells it to stop, as an operator would, and waits until it has.</summary>
    public async Task StopAsync(CancellationToken cancellation)
    {
        await new ChildProcess("kill", "-TERM", Id.ToString(CultureInfo.InvariantCulture))
            .RunToSuccessAsync(cancellation);
        await _process.WaitForExitAsync(cancellation);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(StopLimit);
        try
        {
            // It is killed, since nothing that it holds outlives it.
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It has ended by itself.
        }
        finally
        {
            _process.Dispose();
            Delete(Folder);
        }
    }

    private static void Delete(string? folder)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    private static Process Begin(ProcessStartInfo start, string? folder)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            Delete(folder);
            throw new StartupFailure($"{start.FileName} cannot be started: {e.Message}", e);
        }
    }

    private async Task UntilItAnswersAsync(CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await LoopbackPort.AnswersAsync(Port, cancellation))
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(started) > StartLimit)
            {
                throw new StartupFailure(
                    $"{_process.StartInfo.FileName} {string.Join(' ', _process.StartInfo.ArgumentList.Take(2))} does "
                    + $"not listen on port {Port}.\n{_said}");
            }

            await Task.Delay(Poll, cancellation);
        }
    }
}
