using Npgsql;

namespace ChunkStream.LocalHost.Embedded;

/// <summary>
/// The superuser of an embedded Postgres and its password. The password is random, because every user of the machine
/// can reach the port, and whoever knows the password can run programs as the server's user.
/// </summary>
internal sealed class PostgresLogin
{
    /// <summary>The superuser's name.</summary>
    public const string User = "postgres";

    /// <summary>The name of the database that the endpoints read.</summary>
    public const string Database = "chunkstream";

    // Earlier versions gave this password to every cluster. Clusters that still have it get a random one.
    private const string FormerPassword = "chunkstream";

    private readonly string? _file;

    private PostgresLogin(string password, string? file) => (Password, _file) = (password, file);

    /// <summary>The password.</summary>
    public string Password { get; }

    /// <summary>The same user, with the password that earlier versions gave to every cluster.</summary>
    public PostgresLogin Former => new(FormerPassword, _file);

    /// <summary>
    /// Returns the login of a state folder's cluster. The password is in a file that psql, libpq and Npgsql can read
    /// (<c>passfile</c>), so nobody has to write it anywhere else.
    /// </summary>
    public static PostgresLogin Of(string state)
    {
        var file = Path.Combine(Path.GetFullPath(state), "postgres.pgpass");
        var line = PrivateFile.GetOrCreateSecret(file, password => $"127.0.0.1:*:*:{User}:{password}");
        return new PostgresLogin(line[(line.LastIndexOf(':') + 1)..], file);
    }

    /// <summary>Returns a login that is stored nowhere, for a cluster that is deleted with this process.</summary>
    public static PostgresLogin ThrowAway() => new(PrivateFile.NewSecret(), null);

    /// <summary>Returns a connection string with the password.</summary>
    public string ConnectionString(int port, string database = Database) =>
        $"Host=127.0.0.1;Port={port};Username={User};Password={Password};Database={database}";

    /// <summary>
    /// Returns a connection string that may be shown, because it names the file of the password; null without a file.
    /// </summary>
    public string? ShownConnectionString(int port) => _file is null ? null : new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = port,
        Username = User,
        Passfile = _file,
        Database = Database,
    }.ConnectionString;

    /// <summary>Returns the command that opens psql, in sh, cmd and PowerShell alike; null without a file.</summary>
    public string? PsqlCommand(int port)
    {
        // libpq reads a backslash as an escape. Windows accepts slashes in paths too.
        var file = OperatingSystem.IsWindows() ? _file?.Replace('\\', '/') : _file;
        return file is null
            ? null
            : $"psql \"host=127.0.0.1 port={port} user={User} dbname={Database} passfile='{file}'\"";
    }
}
