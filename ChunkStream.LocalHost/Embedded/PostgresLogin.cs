using Npgsql;

namespace ChunkStream.LocalHost.Embedded;

/// <summary>
/// The superuser of an embedded Postgres and its password, which is random: whoever has it can run programs as the
/// server's user, and every user of the machine can reach the port.
/// </summary>
internal sealed class PostgresLogin
{
    /// <summary>The superuser.</summary>
    public const string User = "postgres";

    /// <summary>The database of the demo data.</summary>
    public const string Database = "chunkstream";

    // The password of all clusters once; those that still have it are given their own.
    private const string FormerPassword = "chunkstream";

    private readonly string? _file;

    private PostgresLogin(string password, string? file) => (Password, _file) = (password, file);

    /// <summary>The password.</summary>
    public string Password { get; }

    /// <summary>The same user with the password that clusters had in earlier versions.</summary>
    public PostgresLogin Former => new(FormerPassword, _file);

    /// <summary>
    /// That of a state folder's cluster. Its password is in a file as psql, libpq and Npgsql read it (<c>passfile</c>),
    /// so that nobody has to write it anywhere else.
    /// </summary>
    public static PostgresLogin Of(string state)
    {
        var file = Path.Combine(Path.GetFullPath(state), "postgres.pgpass");
        var line = PrivateFile.GetOrCreateSecret(file, password => $"127.0.0.1:*:*:{User}:{password}");
        return new PostgresLogin(line[(line.LastIndexOf(':') + 1)..], file);
    }

    /// <summary>One that is kept nowhere, for a cluster that goes with this process.</summary>
    public static PostgresLogin ThrowAway() => new(PrivateFile.NewSecret(), null);

    /// <summary>The connection string, with the password.</summary>
    public string ConnectionString(int port, string database = Database) =>
        $"Host=127.0.0.1;Port={port};Username={User};Password={Password};Database={database}";

    /// <summary>A connection string that names the file of the password, and so can be shown; null without a file.</summary>
    public string? ShownConnectionString(int port) => _file is null ? null : new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = port,
        Username = User,
        Passfile = _file,
        Database = Database,
    }.ConnectionString;

    /// <summary>The command that opens psql, for sh, cmd and PowerShell alike; null without a file.</summary>
    public string? PsqlCommand(int port)
    {
        // libpq takes a backslash for the escape of what follows; Windows takes slashes too.
        var file = OperatingSystem.IsWindows() ? _file?.Replace('\\', '/') : _file;
        return file is null ? null : $"psql \"host=127.0.0.1 port={port} user={User} dbname={Database} passfile='{file}'\"";
    }
}
