using System.Globalization;

namespace ChunkStream.LocalHost.Embedded;

/// <summary>
/// A cluster on disk and its server, run with initdb and pg_ctl. On Windows pg_ctl gives up an administrator's rights.
/// On Unix it takes the server out of the terminal's process group, so Ctrl+C reaches only the local host, which stops
/// the server after everything that uses it.
/// </summary>
/// <param name="binaries">The programs.</param>
/// <param name="folder">The folder of this cluster, with its data and the server's log.</param>
/// <param name="user">The user that the server runs as; null for this process's own user.</param>
internal sealed class PostgresServer(PostgresBinaries binaries, string folder, string? user)
{
    // The name has the major version, so that the data of another version is not opened by mistake.
    private const string DataFolder = "data-18";

    // Crash recovery after a killed run may have to replay a gigabyte.
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan StopLimit = TimeSpan.FromMinutes(1);

    private readonly string _data = Path.Combine(folder, DataFolder);
    private readonly PostmasterFile _postmaster = new(Path.Combine(folder, DataFolder));

    /// <summary>The server's log.</summary>
    public ServerLog Log { get; } = new(folder);

    /// <summary>Whether the server's process exists.</summary>
    public bool IsAlive => _postmaster.FindProcess() is not null;

    /// <summary>Returns the port of a cluster's server; null where it is not known.</summary>
    public static int? PortOf(string folder) => new PostmasterFile(Path.Combine(folder, DataFolder)).Port;

    /// <summary>Makes the cluster where it is missing.</summary>
    /// <param name="login">The superuser and its password.</param>
    /// <param name="durable">Whether the files must be on disk when this returns.</param>
    /// <param name="progress">Gets a line for each step that takes time.</param>
    /// <param name="cancellation">Stops the work; the next call begins anew.</param>
    public async Task InitializeAsync(
        PostgresLogin login, bool durable, IProgress<string>? progress, CancellationToken cancellation)
    {
        StateFolder.Create(folder);
        if (Directory.Exists(_data))
        {
            if (user is not null)
                await OrdinaryUser.GiveAsync(folder, user, cancellation);
            return;
        }

        progress?.Report($"Making a Postgres cluster in {_data}");
        var partial = PartialFolder.Begin(_data);
        var passwordFile = partial + ".password";
        try
        {
            PrivateFile.Write(passwordFile, login.Password);
            if (user is not null)
                await OrdinaryUser.GiveAsync(folder, user, cancellation);

            await Child(
                binaries.Initdb,
                ["-D", partial,
                "--username", PostgresLogin.User, "--pwfile", passwordFile, "--auth", "scram-sha-256",
                "--encoding", "UTF8", "--locale", "C", .. binaries.LocaleOptions,
                durable ? "--no-instructions" : "--no-sync"]).RunToSuccessAsync(cancellation);
        }
        finally
        {
            File.Delete(passwordFile);
        }

        PartialFolder.Finish(partial, _data);
    }

    /// <summary>Starts the server, and returns when it takes connections.</summary>
    /// <exception cref="StartupFailure">
    /// The server did not start; the message ends with the last lines of its log.
    /// </exception>
    public async Task StartAsync(
        int port, IReadOnlyDictionary<string, string> settings, CancellationToken cancellation)
    {
        Log.Begin();

        var start = Child(
            binaries.PgCtl, "start", "-D", _data, "-l", Log.Path, "-w", "-s", "-t", Seconds(StartLimit),
            "-o", ServerSettings.Options(port, settings)) with
        {
            LeavesServerBehind = true,
            Timeout = StartLimit + TimeSpan.FromSeconds(30),
        };

        // A cancellation does not kill pg_ctl: the server that it has begun to start would come up unnoticed.
        var starting = start.RunAsync(CancellationToken.None);
        try
        {
            var result = await starting.WaitAsync(cancellation);
            if (result.ExitCode != 0)
                throw new StartupFailure($"Postgres did not start on port {port}.\n{result.Output}\n{Log.Tail()}");
        }
        catch
        {
            do
                await StopAsync(fast: true);
            while (!await EndsWithinAsync(starting, TimeSpan.FromMilliseconds(100)));
            await StopAsync(fast: true);
            throw;
        }
    }

    /// <summary>Stops the server if it runs, and returns when it is gone.</summary>
    /// <param name="fast">
    /// Whether the server ends its sessions and writes everything to its files, as it should. Otherwise it ends at
    /// once, and recovers at the next start.
    /// </param>
    public async Task StopAsync(bool fast)
    {
        // Each step has a time limit. There is no cancellation token, because a cancelled caller still has to clean up.
        if (!await IsRunningAsync())
            return;
        if (fast && await TryStopAsync("fast"))
            return;
        if (!await TryStopAsync("immediate") && await IsRunningAsync())
        {
            throw new StartupFailure(
                $"Postgres does not stop: process {_postmaster.Id}, data in {_data}.\n{Log.Tail()}");
        }
    }

    /// <summary>
    /// Stops a server that a killed run left behind. The caller must hold the folder's lock: then no other run can be
    /// using the server.
    /// </summary>
    public async Task StopLeftoverAsync(IProgress<string>? progress)
    {
        switch (_postmaster.FindProcess())
        {
            case null:
                break;
            case "postgres":
                progress?.Report($"Stopping the Postgres that an earlier run left behind (process {_postmaster.Id})");
                await StopAsync(fast: true);
                break;
            default:
                // After a restart of the machine or of a container the id may belong to another program, and pg_ctl
                // would send its signals to that program.
                _postmaster.Forget();
                break;
        }
    }

    private async Task<bool> TryStopAsync(string mode)
    {
        var stop = Child(binaries.PgCtl, "stop", "-D", _data, "-m", mode, "-w", "-s", "-t", Seconds(StopLimit)) with
        {
            Timeout = StopLimit + TimeSpan.FromSeconds(10),
        };
        return (await stop.RunAsync(CancellationToken.None)).ExitCode == 0;
    }

    private async Task<bool> IsRunningAsync() =>
        Directory.Exists(_data)
        && (await Child(binaries.PgCtl, "status", "-D", _data).RunAsync(CancellationToken.None)).ExitCode == 0;

    private static async Task<bool> EndsWithinAsync(Task task, TimeSpan limit)
    {
        await Task.WhenAny(task, Task.Delay(limit));
        return task.IsCompleted;
    }

    private ChildProcess Child(string program, params string[] arguments) => new(program, arguments)
    {
        UserName = user,
        WorkingDirectory = folder,
        Environment = new Dictionary<string, string>
        {
            ["HOME"] = folder,
            // Messages are in English. On macOS a server without LC_ALL may refuse to start ("became multithreaded").
            ["LC_ALL"] = "C",
        },
    };

    private static string Seconds(TimeSpan limit) => limit.TotalSeconds.ToString(CultureInfo.InvariantCulture);
}
