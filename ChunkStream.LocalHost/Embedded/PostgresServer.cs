using System.Globalization;

namespace ChunkStream.LocalHost.Embedded;

/// <summary>
/// A cluster on disk and its server, by way of initdb and pg_ctl. pg_ctl gives up an administrator's rights on Windows,
/// and on Unix takes the server out of the terminal's process group: Ctrl+C reaches only us, and we stop the server
/// when its users are gone.
/// </summary>
/// <param name="binaries">The programs.</param>
/// <param name="folder">The folder of this cluster: its data and the server's log.</param>
/// <param name="user">Whom the server runs as; null for ourselves.</param>
internal sealed class PostgresServer(PostgresBinaries binaries, string folder, string? user)
{
    // The major version is in the name: data of another one is not opened by mistake.
    private const string DataFolder = "data-18";

    // Crash recovery after a killed run may have to replay a gigabyte.
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan StopLimit = TimeSpan.FromMinutes(1);

    private readonly string _data = Path.Combine(folder, DataFolder);
    private readonly PostmasterFile _postmaster = new(Path.Combine(folder, DataFolder));

    /// <summary>What the server says.</summary>
    public ServerLog Log { get; } = new(folder);

    /// <summary>Whether the process of the server is there.</summary>
    public bool IsAlive => _postmaster.FindProcess() is not null;

    /// <summary>The port of the server of a cluster; null where none is known.</summary>
    public static int? PortOf(string folder) => new PostmasterFile(Path.Combine(folder, DataFolder)).Port;

    /// <summary>Makes the cluster where it is missing.</summary>
    /// <param name="login">The superuser and its password.</param>
    /// <param name="durable">Whether the files must be on disk when this returns.</param>
    /// <param name="progress">Told what takes time.</param>
    /// <param name="cancellation">Ends it.</param>
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
    /// <exception cref="StartupFailure">It did not start; the message ends with the last lines of its log.</exception>
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

        // pg_ctl is not killed when we are cancelled: the server that it has just begun would come up behind our back.
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

    /// <summary>Stops the server where it runs, and returns when it is gone.</summary>
    /// <param name="fast">
    /// Whether it ends its sessions and writes everything to its files, as it should; else it ends at once, and
    /// recovers at the next start.
    /// </param>
    public async Task StopAsync(bool fast)
    {
        // Bounded by the limits of each step, and by nothing else: whoever is cancelled still has to clean up.
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
    /// Stops a server that a killed run left. Only while we hold the lock of the folder: then there is no run that it
    /// could belong to.
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
                // The id belongs to another program by now, after a restart of the machine or of a container: pg_ctl
                // would send its signals to that one.
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
            // English messages; and on macOS a server without it may refuse to start ("became multithreaded").
            ["LC_ALL"] = "C",
        },
    };

    private static string Seconds(TimeSpan limit) => limit.TotalSeconds.ToString(CultureInfo.InvariantCulture);
}
