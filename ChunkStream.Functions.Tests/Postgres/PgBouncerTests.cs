using System.Diagnostics;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Functions.Tests.DurableStreams;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;
using ChunkStream.LocalHost.Embedded;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres;

/// <summary>
/// Queries and durable streams work through PgBouncer in transaction mode, where each transaction may get another
/// server connection.
/// </summary>
[Collection(RealPostgres.Collection)]
public sealed class PgBouncerTests(RealPostgres postgres) : IAsyncLifetime
{
    private const int Rows = 20_000;
    private readonly string _folder = Directory.CreateTempSubdirectory("chunkstream-pgbouncer-").FullName;
    private Process? _bouncer;
    private string _connectionString = "";

    public async Task InitializeAsync()
    {
        if (PgBouncerFactAttribute.Program is not { } program)
            return;

        var port = LoopbackPort.FindFree();
        var server = new NpgsqlConnectionStringBuilder(postgres.ConnectionString);
        var configuration = Path.Combine(_folder, "pgbouncer.ini");
        await File.WriteAllTextAsync(configuration, $"""
            [databases]
            * = host={server.Host} port={server.Port} user={server.Username} password={server.Password}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = any
            pool_mode = transaction
            default_pool_size = 3
            ignore_startup_parameters = extra_float_digits
            """);
        if (!OperatingSystem.IsWindows())
        {
            // It does not run as root.
            File.SetUnixFileMode(
                _folder,
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
                | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        }

        string[] arguments = Environment.UserName == "root" ? ["-u", "nobody", configuration] : [configuration];
        _bouncer = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        _bouncer.ErrorDataReceived += (_, _) => { };
        _bouncer.BeginErrorReadLine();
        _connectionString =
            $"Host=127.0.0.1;Port={port};Username={server.Username};Password=x;Database={server.Database};"
            + "No Reset On Close=true";
        await Bounded.Until(() => LoopbackPort.AnswersAsync(port, CancellationToken.None), "PgBouncer listens");
        await postgres.ExecuteAsync(
            "drop table if exists bounced; "
            + $"create table bounced as select n, repeat('x', 400) as filler from generate_series(1, {Rows}) n; "
            + "alter table bounced add primary key (n)");
    }

    public async Task DisposeAsync()
    {
        if (_bouncer is not null)
        {
            _bouncer.Kill();
            await _bouncer.WaitForExitAsync().Within();
            _bouncer.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    [PgBouncerFact]
    public async Task Streams_pauses_cancellation_and_checks_work_and_leave_nothing_behind()
    {
        await using var api = await LocalApi.ServingAsync(
            _connectionString + ";Maximum Pool Size=10",
            new QueryFiles().With(
                "rows", "-- param: least integer = 1\n-- key: n\nselect n, filler from bounced where n >= @least"),
            ("ChunkStream:Postgres:StallSeconds", "0.2"));

        // More streams at a time than PgBouncer has server connections.
        var bodies = await Task.WhenAll(
            Enumerable.Range(0, 9).Select(_ => api.Client.GetStringAsync("/api/db-stream").Within()));
        Assert.All(bodies, body => Assert.Equal(Rows, body.Count(c => c == '\n')));
        Assert.Contains(
            "\"warnings\": []", await api.Client.GetStringAsync("/api/queries").Within(), StringComparison.Ordinal);

        using (var client = await RawClient.GetAsync(api.Client.BaseAddress!, "/api/db-stream?least=5"))
        {
            await client.ReadBytesAsync(200_000);
            await postgres.AssertNothingRunsAsync(TimeSpan.FromSeconds(3));
            var (_, whole) = await client.CountToEndAsync((byte)'\n');
            Assert.True(whole);
        }

        using (var response = await api.GetAsync("/api/db-stream"))
            await (await response.Content.ReadAsStreamAsync()).ReadSomeAsync();
        await postgres.AssertNothingRunsAsync(TimeSpan.FromSeconds(1));

        // The next user of the server connection finds its settings unchanged.
        await using var other = new NpgsqlConnection(_connectionString + ";Pooling=false");
        await other.OpenAsync();
        await using var command = new NpgsqlCommand(
            "select current_setting('cursor_tuple_fraction') || current_setting('synchronize_seqscans') "
            + "|| current_setting('transaction_read_only')",
            other);
        for (var round = 0; round < 10; round++)
            Assert.Equal("0.1onoff", await command.ExecuteScalarAsync().Within());
        Assert.DoesNotContain(api.Log.Entries, entry => entry.Exception is not null);
    }

    [PgBouncerFact]
    public async Task Durable_streams_work_and_leave_the_default_isolation_behind_as_it_was()
    {
        var database = $"bounced_{Guid.NewGuid():N}";
        await postgres.ExecuteAsync($"create database {database}");
        await postgres.ExecuteAsync($"alter database {database} set default_transaction_isolation = 'repeatable read'");
        var settings = new NpgsqlConnectionStringBuilder(_connectionString) { Database = database };
        var connectionString = settings.ConnectionString;
        await using (var one = StoreHost.Start(connectionString))
        await using (var two = StoreHost.Start(connectionString))
        {
            var path = StoreHost.NewPath();
            await one.CreateAsync(path);

            await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
            {
                for (var n = 0; n < 25; n++)
                    Assert.Equal(
                        AppendStatus.Appended, (await (writer % 2 == 0 ? one : two).AppendAsync(path, "x")).Status);
            }))).Within();

            Assert.Equal(new string('x', 200), await one.ReadAllAsync(path));
            Assert.DoesNotContain(one.Log.Entries.Concat(two.Log.Entries), entry => entry.Exception is not null);
        }

        await using (var other = new NpgsqlConnection(connectionString + ";Pooling=false"))
        {
            await other.OpenAsync();
            await using var command = new NpgsqlCommand("show transaction_isolation", other);
            for (var round = 0; round < 10; round++)
                Assert.Equal("repeatable read", await command.ExecuteScalarAsync().Within());
        }

        await postgres.ExecuteAsync($"drop database {database} with (force)");
    }
}

/// <summary>Needs PgBouncer.</summary>
public sealed class PgBouncerFactAttribute : FactAttribute
{
    public PgBouncerFactAttribute()
    {
        if (Program is null && !Optional.IsEverythingRequired)
            Skip = "pgbouncer is not on the PATH (Debian and Ubuntu: apt-get install pgbouncer).";
    }

    internal static string? Program { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Append("/usr/sbin")
        .Select(folder => Path.Combine(folder, "pgbouncer"))
        .FirstOrDefault(File.Exists);
}
