using System.Diagnostics;
using ChunkStream.LocalHost.Embedded;
using Npgsql;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>
/// PgBouncer in transaction mode in front of a Postgres: each transaction may get another server connection, and
/// nothing resets what a transaction leaves on it.
/// </summary>
internal sealed class PgBouncer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _folder;

    private PgBouncer(Process process, string folder, string connectionString)
        => (_process, _folder, ConnectionString) = (process, folder, connectionString);

    /// <summary>The program; null where it is not installed.</summary>
    public static string? Program { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Append("/usr/sbin")
        .Select(folder => Path.Combine(folder, "pgbouncer"))
        .FirstOrDefault(File.Exists);

    /// <summary>How the same database is reached through it.</summary>
    public string ConnectionString { get; }

    /// <summary>Starts it.</summary>
    /// <param name="postgres">The server.</param>
    /// <param name="poolSize">How many connections to the server it has at most.</param>
    public static async Task<PgBouncer> StartAsync(RealPostgres postgres, int poolSize)
    {
        var folder = Directory.CreateTempSubdirectory("chunkstream-pgbouncer-").FullName;
        var port = ServerPort.Take();
        var server = new NpgsqlConnectionStringBuilder(postgres.ConnectionString);
        var configuration = Path.Combine(folder, "pgbouncer.ini");
        await File.WriteAllTextAsync(configuration, $"""
            [databases]
            * = host={server.Host} port={server.Port} user={server.Username} password={server.Password}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = any
            pool_mode = transaction
            default_pool_size = {poolSize}
            ignore_startup_parameters = extra_float_digits
            """);
        if (!OperatingSystem.IsWindows())
        {
            // It does not run as root.
            File.SetUnixFileMode(
                folder,
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
                | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        }

        string[] arguments = Environment.UserName == "root" ? ["-u", "nobody", configuration] : [configuration];
        var process = Process.Start(new ProcessStartInfo(Program!, arguments) { RedirectStandardError = true })!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        var bouncer = new PgBouncer(
            process,
            folder,
            $"Host=127.0.0.1;Port={port};Username={server.Username};Password=x;Database={server.Database};"
            + "No Reset On Close=true");
        await Bounded.Until(() => LoopbackPort.AnswersAsync(port, CancellationToken.None), "PgBouncer listens");
        return bouncer;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync().Within();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>Needs PgBouncer.</summary>
public sealed class PgBouncerFactAttribute : FactAttribute
{
    public PgBouncerFactAttribute()
    {
        if (PgBouncer.Program is null && !Optional.IsEverythingRequired)
            Skip = "pgbouncer is not on the PATH (Debian and Ubuntu: apt-get install pgbouncer).";
    }
}
