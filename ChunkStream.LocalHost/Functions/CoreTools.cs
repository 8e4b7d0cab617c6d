using System.Diagnostics;
using ChunkStream.LocalHost.Embedded;
using ChunkStream.LocalHost.Web;

namespace ChunkStream.LocalHost.Functions;

/// <summary>The function app under Azure Functions Core Tools: <c>func start</c>.</summary>
internal sealed class CoreTools
{
    // Ctrl+C in a terminal reaches func too, and the function app in it: that one is told to stop, ends its recordings, and needs
    // no longer than this. func itself takes 3 s, and for ever where a call is open, for nothing that anybody needs on a desk.
    // A signal to us alone reaches neither.
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(1);

    // Killed, it is gone at once; what hangs even then must not keep the services behind it.
    private static readonly TimeSpan KillLimit = TimeSpan.FromSeconds(5);

    private readonly string _program;
    private readonly string _folder;

    /// <param name="program">func.</param>
    /// <param name="folder">The function app's.</param>
    internal CoreTools(string program, string folder)
    {
        _program = program;
        _folder = folder;
    }

    /// <summary>Finds func and the function app's folder; starts nothing.</summary>
    /// <exception cref="StartupFailure">One is missing; the message says how to get it.</exception>
    public static CoreTools Find()
    {
        var program = FindProgram() ?? throw new StartupFailure(
            "Azure Functions Core Tools (func) is not on the PATH. Install it:\n"
            + "  npm i -g azure-functions-core-tools@4\nWithout --functions the same endpoints run here without it.");
        var folder = ProjectFolder.Find() ?? throw new StartupFailure(
            ProjectFolder.NotFound);
        return new CoreTools(program, folder);
    }

    /// <summary>Runs the function app until it ends or the token is cancelled, and gives the exit code.</summary>
    /// <param name="app">What it serves, of which the calls to try are printed.</param>
    /// <param name="port">Where it listens.</param>
    /// <param name="connectionString">Its database.</param>
    /// <param name="resumeKey">The secret of its resume tokens.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<int> RunAsync(
        LocalApp app, int port, string connectionString, string resumeKey, CancellationToken cancellation)
    {
        using var func = Start(port, connectionString, resumeKey);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var ready = Announcement.WhenReadyAsync(ApiAddress.For("localhost", port), app.Endpoints(), isKeyNeeded: false, over.Token);
        try
        {
            await func.WaitForExitAsync(cancellation);
            return func.ExitCode;
        }
        catch (OperationCanceledException)
        {
            await StopAsync(func);
            return 0;
        }
        finally
        {
            await over.CancelAsync();
            await ready.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private Process Start(int port, string connectionString, string resumeKey)
    {
        Console.Out.WriteLine($"Starting func in {_folder}");
        return Process.Start(new ProcessStartInfo(_program, ["start", "--port", $"{port}"])
        {
            WorkingDirectory = _folder,
            Environment =
            {
                ["ConnectionStrings__Postgres"] = connectionString,
                ["ChunkStream__ResumeKey"] = resumeKey,
                ["AzureWebJobsStorage"] = Azurite.ConnectionString,
                ["FUNCTIONS_WORKER_RUNTIME"] = "dotnet-isolated",
            },
        })!;
    }

    private static async Task StopAsync(Process func)
    {
        try
        {
            await func.WaitForExitAsync().WaitAsync(StopTime);
        }
        catch (TimeoutException)
        {
            func.Kill(entireProcessTree: true);
            await func.WaitForExitAsync().WaitAsync(KillLimit);
        }
    }

    private static string? FindProgram()
    {
        string[] names = OperatingSystem.IsWindows() ? ["func.exe", "func.cmd"] : ["func"];
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(
            Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return folders
            .SelectMany(folder => names.Select(name => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists);
    }
}
