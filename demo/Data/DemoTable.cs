using Npgsql;

namespace ChunkStream.Demo.Data;

/// <summary>
/// A table that is made once. It is filled under another name and renamed when it is whole, so that nobody ever sees
/// half of it. Its comment says which version of which data it has.
/// </summary>
internal sealed class DemoTable : IAsyncDisposable
{
    /// <summary>What stands before the name of a table while it is filled.</summary>
    public const string BuildingPrefix = "building_";

    // Every comment begins with it: a table without it is somebody else's.
    private const string Ours = "ChunkStream demo data";

    private readonly string _name;

    private DemoTable(NpgsqlConnection connection, string name) => (Connection, _name) = (connection, name);

    /// <summary>For what only the data's own loader knows.</summary>
    public NpgsqlConnection Connection { get; }

    /// <summary>Connects.</summary>
    public static async Task<DemoTable> OpenAsync(string connectionString, string name, CancellationToken cancellation)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false };
        var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync(cancellation);
        return new DemoTable(connection, name);
    }

    /// <summary>Says whether there is nothing to do; null prepares for making the table.</summary>
    public async Task<DemoDataOutcome?> FindAsync(string comment, CancellationToken cancellation)
    {
        var sql = "select coalesce(obj_description(oid, 'pg_class'), '') from pg_class "
            + $"where oid = to_regclass('{_name}')";
        await using (var command = new NpgsqlCommand(sql, Connection))
        {
            var existing = (string?)await command.ExecuteScalarAsync(cancellation);
            if (existing == comment)
                return DemoDataOutcome.Kept;
            if (existing?.StartsWith(Ours, StringComparison.Ordinal) is false)
                return DemoDataOutcome.NotOurs;
        }

        // Pieces need not be on disk one by one, since only the whole counts; its commit writes them all.
        await ExecuteAsync(
            $"set synchronous_commit = off; set timezone = 'UTC'; drop table if exists {BuildingPrefix}{_name}",
            cancellation);
        return null;
    }

    /// <summary>Gives the filled table its key, <c>id</c>, its name and its comment.</summary>
    public async Task PublishAsync(string comment, CancellationToken cancellation)
    {
        // Frozen: reading it for the first time then writes nothing.
        await ExecuteAsync($"alter table {BuildingPrefix}{_name} add primary key (id)", cancellation);
        await ExecuteAsync($"vacuum (freeze, analyze) {BuildingPrefix}{_name}", cancellation);
        await ExecuteAsync(
            $"""
            begin;
            set local synchronous_commit = on;
            drop table if exists {_name};
            alter table {BuildingPrefix}{_name} rename to {_name};
            alter index {BuildingPrefix}{_name}_pkey rename to {_name}_pkey;
            comment on table {_name} is '{comment}';
            commit;
            """,
            cancellation);
    }

    /// <summary>Runs a statement.</summary>
    public async Task ExecuteAsync(string sql, CancellationToken cancellation)
    {
        // No time limit: how long it takes follows from the rows that were asked for, and Ctrl+C ends it.
        await using var command = new NpgsqlCommand(sql, Connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => Connection.DisposeAsync();
}
