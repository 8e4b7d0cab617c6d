using ChunkStream.Benchmarks.E2e;
using ChunkStream.Benchmarks.E2e.Processes;
using ChunkStream.Benchmarks.E2e.Servers;
using Npgsql;

namespace ChunkStream.Benchmarks.Identity;

/// <summary>The local host, with an issuer whose tokens hold there, and a table whose rows belong to users.</summary>
/// <param name="databases">Where the table is.</param>
internal sealed class IdentityServer(TestDatabases databases) : IAsyncDisposable
{
    // The owner's ten rows are spread among those of others.
    private const string Tables =
        """
        create role bench_reader;
        create table notes (id int primary key, owner text not null, body text not null);
        insert into notes select n, case when n % 100 = 0 then 'anna' else 'user-' || n % 100 end, repeat('x', 100)
          from generate_series(1, 1000) n;
        create index on notes (owner, id);
        alter table notes enable row level security;
        create policy own on notes for select to bench_reader
          using (owner = current_setting('request.jwt.claim.sub', true));
        grant select on notes to bench_reader;
        vacuum analyze notes;
        """;

    // This uses the database of the rows, which is there anyhow. No row of it is read.
    private const long Rows = 1_000;

    private BenchmarkIssuer? _issuer;
    private ServerProcess? _process;

    /// <summary>The token of the owner.</summary>
    public string Token => _issuer!.Token;

    /// <summary>The server's process. It is started when it is first asked for.</summary>
    public async Task<ServerProcess> StartAsync(CancellationToken cancellation)
    {
        if (_process is not null)
            return _process;

        var database = await databases.WithRowsAsync(Rows, cancellation);
        await using (var source = NpgsqlDataSource.Create(database.ConnectionString))
        {
            foreach (var statement in Tables.Split(';', StringSplitOptions.RemoveEmptyEntries))
            {
                await using var command = source.CreateCommand(statement);
                await command.ExecuteNonQueryAsync(cancellation);
            }
        }

        _issuer = await BenchmarkIssuer.StartAsync(BenchmarkIssuer.RsaKey(), "RS256");
        return _process = await LocalHostServer.StartAsync(
            database.ConnectionString,
            cancellation,
            ("ChunkStream__QueriesPath", Path.Combine(AppContext.BaseDirectory, "Identity", "queries")),
            ("ChunkStream__DefaultQuery", "plain"),
            ("ChunkStream__Identity__Issuers__0__JwksUri", _issuer.JwksUri),
            ("ChunkStream__Identity__Issuers__0__Issuer", BenchmarkIssuer.Name),
            ("ChunkStream__Identity__Issuers__0__Audience", BenchmarkIssuer.Audience));
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
            await _process.DisposeAsync();
        if (_issuer is not null)
            await _issuer.DisposeAsync();
        (_process, _issuer) = (null, null);
    }
}
