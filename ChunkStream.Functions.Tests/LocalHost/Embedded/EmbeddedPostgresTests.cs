using System.Collections.Concurrent;
using System.Diagnostics;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.LocalHost;
using Npgsql;

namespace ChunkStream.Functions.Tests.LocalHost.Embedded;

/// <summary>A cluster that is kept, as the local host has one.</summary>
public sealed class EmbeddedPostgresTests : IDisposable
{
    private const string FormerPassword = "chunkstream";

    private readonly KeptCluster _cluster = new();

    [Fact]
    public async Task Each_state_folder_has_a_password_of_its_own_also_where_the_cluster_had_the_former_one()
    {
        string first;
        await using (var server = await _cluster.StartAsync())
        {
            first = PasswordOf(server.ConnectionString);
            Assert.Matches("^[0-9a-f]{64}$", first);
            await AssertRefusedAsync(server.Port, FormerPassword);

            // What people see and copy names the file, and works.
            Assert.DoesNotContain(first, server.ShownConnectionString! + server.PsqlCommand, StringComparison.Ordinal);
            Assert.Equal(1, await OneAsync(server.ShownConnectionString!));
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal(
                    UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_cluster.PasswordFile));
                await PsqlAsync(server.PsqlCommand!);
            }

            // This is what an earlier version left.
            await ExecuteAsync(server.ConnectionString, $"alter role postgres password '{FormerPassword}'");
            File.Delete(_cluster.PasswordFile);
        }

        await using (var server = await _cluster.StartAsync())
        {
            Assert.NotEqual(first, PasswordOf(server.ConnectionString));
            await AssertRefusedAsync(server.Port, FormerPassword);
            await AssertRefusedAsync(server.Port, first);
            Assert.Equal(1, await OneAsync(server.ConnectionString));
        }

        File.WriteAllText(_cluster.PasswordFile, "127.0.0.1:*:*:postgres:of-another-cluster\n");
        var failure = await Assert.ThrowsAsync<StartupFailure>(() => _cluster.StartAsync());
        Assert.Contains("postgres.pgpass", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task
        Killed_it_is_started_again_on_its_port_with_its_data_and_refused_statements_leave_nothing_in_its_log()
    {
        var said = new ConcurrentQueue<string>();
        await using var server = await _cluster.StartAsync();
        server.Guard(new Reports(said));
        await ExecuteAsync(server.ConnectionString, "create table kept as select 42 as n");

        // A second local host is told where this one's database is.
        var second = await Assert.ThrowsAsync<StartupFailure>(() => _cluster.StartAsync());
        Assert.Contains($"Port={server.Port};", second.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("54329", second.Message, StringComparison.Ordinal);

        var logged = new FileInfo(_cluster.Log).Length;
        for (var i = 0; i < 20; i++)
            await Assert.ThrowsAsync<PostgresException>(
                () => ExecuteAsync(server.ConnectionString, "select '\u001b[31m'::int"));
        Assert.Equal(logged, new FileInfo(_cluster.Log).Length);

        // Windows behaves like this: the files of a killed server stay open for a moment, and the log can't be moved at
        // once.
        var inTheWay = Directory.CreateDirectory(_cluster.Log + ".previous");
        using (var killed = Process.GetProcessById(_cluster.ServerProcess))
        {
            killed.Kill();
            await killed.WaitForExitAsync().Within();
        }

        await Bounded.Until(() => Task.FromResult(!said.IsEmpty), "it was said that it has ended");
        await Task.Delay(200); // the first try
        inTheWay.Delete();
        await Bounded.Until(async () => await TryOneAsync(server.ConnectionString), "it takes connections again");
        Assert.Equal(42, await OneAsync(server.ConnectionString, "select n from kept"));
        Assert.Equal(["Postgres has ended by itself; starting it again.", "Postgres is back."], await Settled(said));

        await server.DisposeAsync();
        Assert.False(File.Exists(Path.Combine(_cluster.StatePath, "postgres", "data-18", "postmaster.pid")));
    }

    public void Dispose() => _cluster.Dispose();

    private static async Task<string[]> Settled(ConcurrentQueue<string> said)
    {
        await Bounded.Until(() => Task.FromResult(said.Count >= 2), "it was said that it is back");
        return [.. said];
    }

    private static string PasswordOf(string connectionString) =>
        new NpgsqlConnectionStringBuilder(connectionString).Password!;

    private static async Task AssertRefusedAsync(int port, string password)
    {
        var refused = await Assert.ThrowsAsync<PostgresException>(
            () => OneAsync($"Host=127.0.0.1;Port={port};Username=postgres;Password={password};Database=postgres"));
        Assert.Equal(PostgresErrorCodes.InvalidPassword, refused.SqlState);
    }

    private static async Task<bool> TryOneAsync(string connectionString)
    {
        try
        {
            return await OneAsync(connectionString) == 1;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private static async Task<int> OneAsync(string connectionString, string sql = "select 1")
    {
        await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync().Within();
        await using var command = new NpgsqlCommand(sql, connection);
        return (int)(await command.ExecuteScalarAsync().Within())!;
    }

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync().Within();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync().Within();
    }

    // Runs the line as it is printed, through the shell, if the machine has psql.
    private static async Task PsqlAsync(string command)
    {
        await using var shell = RunningProgram.Start(
            "sh", ["-c", $"command -v psql >/dev/null || exit 0; {command} -w -Atc 'select 1' | grep -qx 1"]);
        var (exitCode, _, errors) = await shell.EndAsync();
        Assert.True(exitCode == 0, errors);
    }

    private sealed class Reports(ConcurrentQueue<string> said) : IProgress<string>
    {
        public void Report(string value) => said.Enqueue(value);
    }
}
