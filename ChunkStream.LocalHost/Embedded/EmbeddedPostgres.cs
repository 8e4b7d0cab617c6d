namespace ChunkStream.LocalHost.Embedded;

/// <summary>
/// A real Postgres that the local host runs itself, on 127.0.0.1. Its programs come from npm, and its data is in the
/// state folder. Disposing stops the server, and deletes its cluster if that is a throw-away one.
/// </summary>
internal sealed class EmbeddedPostgres : IAsyncDisposable
{
    private const int FreePortTries = 3;

    private readonly EmbeddedPostgresOptions _options;
    private readonly PostgresServer _server;
    private readonly PostgresLogin _login;
    private readonly LockFile _lock;
    private readonly string _folder;
    private PostgresGuard? _guard;
    private bool _disposed;

    private EmbeddedPostgres(
        EmbeddedPostgresOptions options, PostgresServer server, PostgresLogin login, LockFile owned, string folder)
    {
        _options = options;
        _server = server;
        _login = login;
        _lock = owned;
        _folder = folder;
    }

    /// <summary>The port on 127.0.0.1. It stays the same when the server is started again.</summary>
    public int Port { get; private set; }

    /// <summary>The connection string of the database <c>chunkstream</c>, for the superuser.</summary>
    public string ConnectionString => _login.ConnectionString(Port);

    /// <summary>
    /// A connection string that may be shown: instead of the password it names the file that has it. Null for a
    /// throw-away cluster.
    /// </summary>
    public string? ShownConnectionString => _login.ShownConnectionString(Port);

    /// <summary>The command that opens psql; null for a throw-away cluster.</summary>
    public string? PsqlCommand => _login.PsqlCommand(Port);

    /// <summary>
    /// Starts a Postgres. The first time on a machine this gets the programs from npm; the first time in a folder it
    /// makes the cluster and the database.
    /// </summary>
    /// <param name="options">Says which Postgres to start.</param>
    /// <param name="progress">Gets a line for each step that takes time.</param>
    /// <param name="cancellation">Ends the start, and stops what was started.</param>
    /// <exception cref="StartupFailure">Postgres cannot be started; the message says what to do.</exception>
    public static async Task<EmbeddedPostgres> StartAsync(
        EmbeddedPostgresOptions options, IProgress<string>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var state = StateFolder.Create(Path.GetFullPath(options.StatePath ?? StateFolder.Default));
        var user = OrdinaryUser.Find();
        var binaries = await PostgresBinaries.GetAsync(
            state, options.Package ?? PostgresBinaries.Package(), user, progress, cancellation);

        if (options.ThrowAway)
            await ThrowAwayClusters.SweepAsync(state, binaries, user);
        var (folder, owned) = options.ThrowAway ? ThrowAwayClusters.Create(state) : TakeKept(state);

        var login = options.ThrowAway ? PostgresLogin.ThrowAway() : PostgresLogin.Of(state);
        var postgres = new EmbeddedPostgres(options, new PostgresServer(binaries, folder, user), login, owned, folder);
        try
        {
            await postgres._server.StopLeftoverAsync(progress);
            await postgres._server.InitializeAsync(login, durable: !options.ThrowAway, progress, cancellation);
            await postgres.StartFirstAsync(cancellation);
            await new PostgresSetup(login, postgres.Port, folder).RunAsync(progress, cancellation);
            return postgres;
        }
        catch
        {
            await postgres.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// From now until this is disposed, starts the server again whenever it ends by itself, and keeps its log small.
    /// </summary>
    public void Guard(IProgress<string> progress) => _guard ??= PostgresGuard.Begin(_server, StartAgainAsync, progress);

    /// <summary>Starts the server again after <see cref="StopAsync"/>, on the same port.</summary>
    public Task StartAgainAsync(CancellationToken cancellation = default) =>
        _server.StartAsync(Port, _options.Settings, cancellation);

    /// <summary>Stops the server. Sessions end, the data stays, and the port becomes free.</summary>
    public Task StopAsync() => _server.StopAsync(fast: true);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;

        _disposed = true;
        try
        {
            if (_guard is not null)
                await _guard.DisposeAsync();
            await _server.StopAsync(fast: !_options.ThrowAway);
            if (_options.ThrowAway)
                await ThrowAwayClusters.DeleteAsync(_folder);
        }
        finally
        {
            _lock.Dispose();
        }
    }

    private static (string Folder, LockFile Lock) TakeKept(string state)
    {
        var path = Path.Combine(state, "postgres.lock");
        var folder = Path.Combine(state, "postgres");
        var owned = LockFile.TryTake(path) ?? throw new StartupFailure(
            $"Another ChunkStream local host (process {LockFile.Owner(path)}) is using {state}. Stop it, "
            // The other host may not have started its server yet, and its port may differ from the one in our settings.
            + (PostgresServer.PortOf(folder) is { } port
                ? $"use its database with --database \"{PostgresLogin.Of(state).ShownConnectionString(port)}\", "
                : "")
            + $"or choose another folder with {LocalHostOptions.Section}:{nameof(LocalHostOptions.StatePath)} "
            + "(environment: ChunkStream__LocalHost__StatePath).");
        owned.SignOwner();
        return (folder, owned);
    }

    private async Task StartFirstAsync(CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            Port = _options.Port != 0 ? _options.Port : LoopbackPort.FindFree();
            if (!LoopbackPort.IsFree(Port))
            {
                throw new StartupFailure(
                    $"Port {Port} on 127.0.0.1, where the embedded Postgres listens, is in use by another program. Set "
                    + $"{LocalHostOptions.Section}:{nameof(LocalHostOptions.PostgresPort)} (environment: "
                    + "ChunkStream__LocalHost__PostgresPort) to another port, or to 0 for a free one.");
            }

            try
            {
                await StartAgainAsync(cancellation);
                return;
            }
            catch (StartupFailure) when (_options.Port == 0 && attempt < FreePortTries && !LoopbackPort.IsFree(Port))
            {
                // Another program took the port in the meantime; the next attempt chooses another one.
            }
        }
    }
}
