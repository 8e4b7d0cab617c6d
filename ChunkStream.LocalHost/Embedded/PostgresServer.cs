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
    /// <summary>The superuser.</summary>
    public const string Superuser = "postgres";

    /// <summary>
    /// No secret: the server listens on loopback only, and a fixed one can be in local.settings.json. It is there so
    /// that clients go through the same authentication as in production.
    /// </summary>
    public const string Password = "chunkstream";

    // The major version is in the name: data of another one is not opened by mistake.
    private const string DataFolder = "data-18";

    // Crash recovery after a killed run may have to replay a gigabyte.
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan StopLimit = TimeSpan.FromMinutes(1);

    private readonly string _data = Path.Combine(folder, DataFolder);
    private readonly string _log = Path.Combine(folder, "server.log");
    private readonly PostmasterFile _postmaster = new(Path.Combine(folder, DataFolder));

    /// <summary>Makes the cluster where it is missing.</summary>
    /// <param name="durable">Whether the files must be on disk when this returns.</param>
    /// <param name="progress">Told what takes time.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task InitializeAsync(bool durable, IProgress<string>? progress, CancellationToken cancellation)
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
            await File.WriteAllTextAsync(passwordFile, Password, cancellation);
            if (user is not null)
                await OrdinaryUser.GiveAsync(folder, user, cancellation);

            // The builtin locale sorts by code point, the same on every system, and still knows Unicode's letters.
            await Child(
                binaries.Initdb, "-D", partial,
                "--username", Superuser, "--pwfile", passwordFile, "--auth", "scram-sha-256",
                "--encoding", "UTF8", "--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8",
                durable ? "--no-instructions" : "--no-sync").RunToSuccessAsync(cancellation);
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
        if (File.Exists(_log))
            File.Move(_log, _log + ".previous", overwrite: true);

        var start = Child(
            binaries.PgCtl, "start", "-D", _data, "-l", _log, "-w", "-s", "-t", Seconds(StartLimit),
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
                throw new StartupFailure($"Postgres did not start on port {port}.\n{result.Output}\n{LogTail()}");
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
                $"Postgres does not stop: process {_postmaster.Id}, data in {_data}.\n{LogTail()}");
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

    private string LogTail()
    {
        try
        {
            return string.Join('\n', File.ReadLines(_log).TakeLast(10));
        }
        catch (IOException)
        {
            return "";
        }
    }
}
