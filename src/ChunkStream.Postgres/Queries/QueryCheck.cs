using ChunkStream.Formats;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Cursors;
using ChunkStream.Postgres.Failures;
using ChunkStream.Postgres.Keys;
using ChunkStream.Postgres.Live;
using ChunkStream.Postgres.Rows;
using ChunkStream.Postgres.Sql;
using Microsoft.Extensions.Options;
using Npgsql;

namespace ChunkStream.Postgres.Queries;

/// <summary>Checks queries against the database, without running them: columns, types, parameters, key.</summary>
internal sealed class QueryCheck(PostgresDatabase database, IOptions<QueryOptions> options)
{
    // The query is checked inside another statement, because it may have to run inside one. So what can only stand
    // alone, and what writes, is refused.
    private const string Before = "SELECT * FROM (\n";
    private const string After = "\n) AS q";

    /// <summary>Checks a query.</summary>
    /// <exception cref="Exception">The database can't be asked now.</exception>
    public async Task<CheckedQuery> CheckAsync(QueryFile file, CancellationToken cancellation)
    {
        var session = await database.OpenAsync(cancellation).ConfigureAwait(false);
        await using var _ = session.ConfigureAwait(false);
        try
        {
            return await CheckAsync(session.Connection, file).ConfigureAwait(false);
        }
        catch (RoleRefusedException role)
        {
            return new CheckedQuery(null, [new QueryMistake(file.Header.AccessLine, role.Message)], []);
        }
    }

    private async Task<CheckedQuery> CheckAsync(NpgsqlConnection connection, QueryFile file)
    {
        var identity = QueryUser.ForCheck(file, options.Value);
        var mistakes = new List<QueryMistake>();
        foreach (var parameter in file.Header.Parameters)
        {
            if (await RefusalAsync(connection, parameter.Type, parameter.Default, identity).ConfigureAwait(false)
                is { } refusal)
                mistakes.Add(new QueryMistake(parameter.Line, $"The parameter @{parameter.Name}: {refusal}"));
        }

        return mistakes.Count > 0
            ? new CheckedQuery(null, mistakes, [])
            : await DescribeAsync(connection, file, identity).ConfigureAwait(false);
    }

    /// <summary>Whether the database guarantees, as it is now, that a query's key is unique and never null.</summary>
    /// <param name="file">The query.</param>
    /// <param name="runsAs">As whom it runs; null for the connection's own user.</param>
    /// <param name="cancellation">Ends the question.</param>
    public Task<bool> IsKeyProvenAsync(QueryFile file, SessionIdentity? runsAs, CancellationToken cancellation)
        => KeyProof.ExistsAsync(database, WithDefaults(file, runsAs), cancellation);

    /// <summary>
    /// The parameters whose values Postgres does not accept for their types, each with Postgres's reason.
    /// </summary>
    public async Task<IReadOnlyList<(QueryParameter Parameter, string Reason)>> RefusedAsync(
        QueryFile file, PostgresQuery query, CancellationToken cancellation)
    {
        var session = await database.OpenAsync(cancellation).ConfigureAwait(false);
        await using var _ = session.ConfigureAwait(false);
        var connection = session.Connection;
        var refused = new List<(QueryParameter, string)>();
        foreach (var (index, parameter) in file.Header.Parameters.Index())
        {
            var value = query.Parameters[index];
            if (await RefusalAsync(connection, parameter.Type, value, query.RunsAs).ConfigureAwait(false)
                is { } reason)
                refused.Add((parameter, reason));
        }

        return refused;
    }

    private static async Task<string?> RefusalAsync(
        NpgsqlConnection connection, string type, string? value, SessionIdentity? identity)
    {
        var command = new NpgsqlBatchCommand($"SELECT CAST($1 AS {type}) IS NULL");
        command.Parameters.Add(SelectStatement.Parameter(value));
        try
        {
            await WatchedCommand.RunAsync(connection, command, identity).ConfigureAwait(false);
            return null;
        }
        catch (PostgresException refusal) when (refusal.IsAboutStatement())
        {
            return refusal.MessageText;
        }
    }

    private static async Task<CheckedQuery> DescribeAsync(
        NpgsqlConnection connection, QueryFile file, SessionIdentity? identity)
    {
        var transaction = await connection.BeginTransactionAsync(CancellationToken.None).ConfigureAwait(false);
        await using var _ = transaction.ConfigureAwait(false);
        try
        {
            await SessionIdentity.EnterAsync(connection, identity).ConfigureAwait(false);
            var query = WithDefaults(file, identity);
            var nested = query with { Sql = Before + query.Sql + After };
            var layout = await RowLayout.DescribeAsync(connection, nested).ConfigureAwait(false);
            var warnings = new List<QueryMistake>();
            var isProven = false;
            if (query.Key.Count > 0)
            {
                await DescribeAtPositionAsync(connection, query, layout).ConfigureAwait(false);
                isProven = await KeyProof.ExistsAsync(connection, query, layout).ConfigureAwait(false);
                if (!isProven && !file.Header.IsKeyCheckedByRow)
                    warnings.Add(new QueryMistake(file.Header.KeyLine, KeyProof.Missing));
            }

            if (identity is not null && file.Header.Parameters.All(parameter => parameter.Claim is null))
            {
                var open = await RowSecurity.OpenTablesAsync(connection, query).ConfigureAwait(false);
                warnings.AddRange(open.Select(table => new QueryMistake(file.Header.AccessLine, table)));
            }

            var (live, liveMistakes) = await LiveAsync(connection, file, query, layout).ConfigureAwait(false);
            if (identity is not null && file.Header.Live?.IsRerun is false
                && live?.FirstOrDefault(table => TellsAll(table, file)) is { } telling)
                warnings.Add(new QueryMistake(telling.Line, LiveTables.TellsKeys));
            return liveMistakes.Count > 0
                ? new CheckedQuery(null, liveMistakes, [])
                : new CheckedQuery(layout.Schema, [], warnings) { IsKeyProven = isProven, Live = live };
        }
        catch (PostgresException refusal) when (refusal.IsAboutStatement())
        {
            return new CheckedQuery(null, [new QueryMistake(LineOf(refusal, file), ReasonOf(refusal))], []);
        }
        catch (UnusableKeyException key)
        {
            return new CheckedQuery(null, [new QueryMistake(file.Header.KeyLine, key.Message)], []);
        }
    }

    private static async Task<(IReadOnlyList<LiveTable>? Tables, IReadOnlyList<QueryMistake> Mistakes)> LiveAsync(
        NpgsqlConnection connection, QueryFile file, PostgresQuery query, RowLayout layout)
    {
        if (file.Header.Live is not { } declaration)
            return (null, []);
        if (query.Key.Count == 0)
            return (null, [new QueryMistake(declaration.Line, "'live' needs a key: declare the columns, key: id.")]);

        var (tables, found) = await LiveTables.FindAsync(
            connection,
            declaration,
            query,
            layout,
            [.. file.Header.Parameters.Select(parameter => (parameter.Name, parameter.Type))]).ConfigureAwait(false);
        var mistakes = found.Select(mistake => new QueryMistake(mistake.Line, mistake.Reason)).ToList();
        var bound = tables.Select(table => table.Sql is null ? table : table with
        {
            Sql = SqlParameters.Bind(
                table.Sql,
                [new QueryParameter(LiveDeclaration.Changed, table.Columns[0].Type + "[]", true, null, table.Line)],
                table.Line,
                mistakes),
        }).ToArray();
        foreach (var table in bound.Where(table => table.Sql is not null && mistakes.Count == 0))
            mistakes.AddRange(await MappingMistakesAsync(connection, table, layout.Key.Count).ConfigureAwait(false));
        return (bound, mistakes);
    }

    // Whether each reader is told of each change of the table. Nobody chooses a claim, and none of them is null.
    private static bool TellsAll(LiveTable table, QueryFile file)
        => table.Filters.All(filter => file.Header.Parameters[filter.Parameter].Claim is null);

    // The statement that leads from a table to the key must be one, and give as many columns as the key has. It runs as
    // the connection's own user, who has to see all rows. To be called last in the transaction, which it leaves so.
    private static async Task<IEnumerable<QueryMistake>> MappingMistakesAsync(
        NpgsqlConnection connection, LiveTable table, int keyColumns)
    {
        try
        {
            var user = new NpgsqlBatch(connection) { BatchCommands = { new("RESET ROLE"), new(LiveLook.SeeAll) } };
            await using var _ = user.ConfigureAwait(false);
            await user.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
            var mapping = new PostgresQuery(Before + table.Sql + After) { Parameters = [null] };
            var columns = await RowLayout.DescribeAsync(connection, mapping).ConfigureAwait(false);
            return columns.Columns.Count == keyColumns ? [] : [new QueryMistake(
                table.Line,
                $"The statement gives {columns.Columns.Count} columns, and the query's key has {keyColumns}.")];
        }
        catch (PostgresException refusal) when (refusal.IsForbidden())
        {
            return [new QueryMistake(
                table.Line,
                "The statement runs as the user of the connection, who has to see all rows. That is not so: "
                    + $"{refusal.MessageText}.")];
        }
        catch (PostgresException refusal) when (refusal.IsAboutStatement())
        {
            return [new QueryMistake(table.Line, refusal.MessageText)];
        }
    }

    private static PostgresQuery WithDefaults(QueryFile file, SessionIdentity? runsAs)
        => file.ToQuery([.. file.Header.Parameters.Select(parameter => parameter.Default)]) with { RunsAs = runsAs };

    // Only Postgres knows whether the columns can be ordered and compared.
    private static async Task DescribeAtPositionAsync(
        NpgsqlConnection connection, PostgresQuery query, RowLayout layout)
    {
        var position = new KeysetPosition(0, [.. query.Key.Select(_ => "")]);
        var statement = SelectStatement.Create(query, layout, position, atMost: null);
        try
        {
            var atPosition = new PostgresQuery(statement.Sql) { Parameters = statement.Parameters };
            await RowLayout.DescribeAsync(connection, atPosition).ConfigureAwait(false);
        }
        catch (PostgresException refusal) when (refusal.IsAboutStatement())
        {
            throw new UnusableKeyException($"The key can't order the rows: {refusal.MessageText}.");
        }
    }

    // People who run the shipped files on a database of their own meet this message first.
    private static string ReasonOf(PostgresException refusal) => refusal.IsMissingTable()
        ? $"{refusal.MessageText}: create it in this database, or delete the file if nobody needs the query."
        : refusal.MessageText;

    private static int LineOf(PostgresException refusal, QueryFile file)
    {
        // Postgres counts the position in characters (code points), from 1.
        var length = Math.Max(Before.Length, refusal.Position - 1);
        var before = string.Concat((Before + file.Sql).EnumerateRunes().Take(length));
        return file.FirstLine + SqlScanner.LineBreaks(before) - SqlScanner.LineBreaks(Before);
    }
}

/// <summary>What the database says about a query.</summary>
/// <param name="Schema">Its columns, or null if it is broken.</param>
/// <param name="Mistakes">What is wrong with the query; empty if it serves.</param>
/// <param name="Warnings">What is not wrong, but may fail while rows are read.</param>
internal sealed record CheckedQuery(
    StreamSchema? Schema, IReadOnlyList<QueryMistake> Mistakes, IReadOnlyList<QueryMistake> Warnings)
{
    /// <summary>Whether the database guarantees that the key is unique and never null.</summary>
    public bool IsKeyProven { get; init; }

    /// <summary>The tables whose changes lead to its rows; null where the query is not live.</summary>
    public IReadOnlyList<LiveTable>? Live { get; init; }
}
