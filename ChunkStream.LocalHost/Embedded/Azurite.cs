using System.Diagnostics;

namespace ChunkStream.LocalHost.Embedded;

/// <summary>
/// The storage emulator. The Functions host needs storage for its own state. Azurite listens on its usual ports of
/// 127.0.0.1, and disposing stops it.
/// </summary>
internal sealed class Azurite : IAsyncDisposable
{
    /// <summary>The value of <c>AzureWebJobsStorage</c> that makes the Functions host use it.</summary>
    public const string ConnectionString = "UseDevelopmentStorage=true";

    // This script makes Azurite end when its standard input is closed. So it ends whenever this process does, even by a
    // kill. Its own handler of SIGINT writes its files; should that hang, the script ends the process after 5 seconds.
    private const string EndWithInput =
        "data:text/javascript,process.stdin.on('end',()=>{"
        + "setTimeout(()=>process.exit(),5000).unref();process.emit('SIGINT')}).resume()";

    private static readonly int[] Ports = [10000, 10001, 10002];
    internal static readonly NpmPackage Package = new("azurite", "3.37.0");
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    private readonly Process _process;
    private readonly Task<string> _errors;

    private Azurite(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
        _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
    }

    /// <summary>
    /// Starts Azurite, and returns when its ports take connections. The first time on a machine, npm gets it.
    /// </summary>
    /// <param name="statePath">The state folder.</param>
    /// <param name="progress">Gets a line for each step that takes time.</param>
    /// <param name="cancellation">Ends the start, and stops what was started.</param>
    /// <exception cref="StartupFailure">Azurite cannot be started; the message says what to do.</exception>
    public static async Task<Azurite> StartAsync(
        string statePath, IProgress<string>? progress, CancellationToken cancellation)
    {
        await NodeJs.RequireAsync(cancellation);
        var npm = Path.Combine(StateFolder.Create(statePath), "npm");
        var package = await Package.GetAsync(npm, (_, _) => Task.CompletedTask, progress, cancellation);
        if (Ports.FirstOrDefault(port => !LoopbackPort.IsFree(port)) is var taken and not 0)
        {
            throw new StartupFailure(
                $"Port {taken} on 127.0.0.1, one of Azurite's, is in use. Stop the program that has it: an Azurite "
                + "that runs already, or another ChunkStream local host.");
        }

        var azurite = new Azurite(Start(package, StateFolder.Create(Path.Combine(statePath, "azurite"))));
        try
        {
            await azurite.WaitUntilReadyAsync(cancellation);
            return azurite;
        }
        catch
        {
            await azurite.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        using (_process)
        {
            _process.StandardInput.Close();
            try
            {
                await _process.WaitForExitAsync().WaitAsync(StopLimit);
            }
            catch (TimeoutException)
            {
                _process.Kill(entireProcessTree: true);
                await _process.WaitForExitAsync().WaitAsync(StopLimit);
            }
        }
    }

    private static Process Start(string package, string data) => Process.Start(
        new ProcessStartInfo(NodeJs.Program,
        [
            "--import", EndWithInput,
            Path.Combine(package, "dist", "src", "azurite.js"),
            "--location", data, "--silent", "--skipApiVersionCheck", "--disableTelemetry",
        ])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = data,
        })!;

    private async Task WaitUntilReadyAsync(CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(StartLimit);
        try
        {
            foreach (var port in Ports)
            {
                while (!await LoopbackPort.AnswersAsync(port, limit.Token))
                {
                    if (_process.HasExited)
                    {
                        var errors = await _errors.WaitAsync(limit.Token);
                        throw new StartupFailure($"Azurite ended while it was starting:\n{errors}");
                    }

                    await Task.Delay(Poll, limit.Token);
                }
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new StartupFailure($"Azurite did not answer within {StartLimit.TotalSeconds:0} seconds.");
        }
    }
}
