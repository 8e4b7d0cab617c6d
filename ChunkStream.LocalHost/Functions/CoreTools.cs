using System.Diagnostics;
using ChunkStream.LocalHost.Embedded;
using ChunkStream.LocalHost.Web;

namespace ChunkStream.LocalHost.Functions;

/// <summary>
/// The function app under Azure Functions Core Tools, by <c>dotnet run</c> in its folder: that builds the app, and
/// starts func in the folder of what was built. (func itself warns that it may not load extensions when it is started
/// beside a project file.)
/// </summary>
internal sealed class CoreTools
{
    // The program of the .NET SDK, which has started us.
    private const string Dotnet = "dotnet";

    // How long func may take to stop by itself before it is killed. Ctrl+C in a terminal reaches func and the function
    // app too: the app ends its recordings, which takes no longer than this. func itself would take 3 s, or for ever
    // while a call is open, and nobody at a desk needs what it does then. A signal that is sent to this process alone
    // reaches neither of them.
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(1);

    // A killed process is gone at once. If it hangs even then, the services must still be stopped after it.
    private static readonly TimeSpan KillLimit = TimeSpan.FromSeconds(5);

    private readonly string _program;
    private readonly string _folder;

    /// <param name="program">The program that runs the project: dotnet.</param>
    /// <param name="folder">The function app's folder.</param>
    internal CoreTools(string program, string folder)
    {
        _program = program;
        _folder = folder;
    }

    /// <summary>Finds func and the function app's folder, and starts nothing.</summary>
    /// <exception cref="StartupFailure">One of them is missing; the message says how to get it.</exception>
    public static CoreTools Find()
    {
        if (!IsFuncOnThePath())
        {
            throw new StartupFailure(
                "Azure Functions Core Tools (func) is not on the PATH. Install it:\n"
                + "  npm i -g azure-functions-core-tools@4\n"
                + "Without --functions the same endpoints run here without it.");
        }

        var folder = ProjectFolder.Find() ?? throw new StartupFailure(ProjectFolder.NotFound);
        return new CoreTools(Dotnet, folder);
    }

    /// <summary>Runs the function app until it ends or the token is cancelled, and returns the exit code.</summary>
    /// <param name="app">The app whose example calls are printed.</param>
    /// <param name="port">The port to listen on.</param>
    /// <param name="connectionString">The connection string of the app's database.</param>
    /// <param name="resumeKey">The secret that the app's resume tokens are made with.</param>
    /// <param name="cancellation">Stops the function app.</param>
    public async Task<int> RunAsync(
        LocalApp app, int port, string connectionString, string resumeKey, CancellationToken cancellation)
    {
        using var func = Start(port, connectionString, resumeKey);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var ready = Announcement.WhenReadyAsync(
            ApiAddress.For("localhost", port), app.Endpoints(), isKeyNeeded: false, over.Token);
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
        Console.Out.WriteLine($"Starting dotnet run in {_folder}: it builds the function app, and starts func.");
        return Process.Start(new ProcessStartInfo(_program, ["run", "--", "--port", $"{port}"])
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

    private static bool IsFuncOnThePath()
    {
        string[] names = OperatingSystem.IsWindows() ? ["func.exe", "func.cmd"] : ["func"];
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(
            Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return folders
            .SelectMany(folder => names.Select(name => Path.Combine(folder, name)))
            .Any(File.Exists);
    }
}
