using System.Data;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Cursors;
using ChunkStream.Postgres.Rows;
using Npgsql;
using Npgsql.Schema;
using NpgsqlTypes;

namespace ChunkStream.Postgres.Types;

/// <summary>What a query gives and takes, as the database has it now.</summary>
/// <param name="Columns">What a row has, in order. Names need not be unique.</param>
/// <param name="Parameters">What the values of its parameters are, in their order.</param>
internal sealed record QueryTypes(IReadOnlyList<ColumnType> Columns, IReadOnlyList<JsonType> Parameters)
{
    private const string ParameterTypes =
        "SELECT coalesce(pg_catalog.to_regtype(name)::oid, 0::oid) FROM unnest($1) WITH ORDINALITY AS n(name, place) "
        + "ORDER BY place";

    /// <summary>Asks Postgres, without running the query.</summary>
    /// <param name="connection">The connection, without a transaction.</param>
    /// <param name="query">The query.</param>
    /// <param name="parameters">The types of its parameters, as SQL spells them.</param>
    /// <exception cref="PostgresException">The query does not fit the database.</exception>
    public static async Task<QueryTypes> ReadAsync(
        NpgsqlConnection connection, PostgresQuery query, IReadOnlyList<string> parameters)
    {
        var transaction = await connection.BeginTransactionAsync(CancellationToken.None).ConfigureAwait(false);
        await using var _ = transaction.ConfigureAwait(false);
        await SessionIdentity.EnterAsync(connection, query.RunsAs).ConfigureAwait(false);
        var types = await TypesAsync(connection, parameters).ConfigureAwait(false);
        var columns = await DescribeAsync(connection, query).ConfigureAwait(false);
        var found = await JsonTypes.FindAsync(connection, [.. columns.Select(column => column.TypeOID), .. types])
            .ConfigureAwait(false);
        var neverNull = await NeverNull.FindAsync(connection, query, columns).ConfigureAwait(false);
        return new QueryTypes(
            [.. columns.Select((column, index) => new ColumnType(
                column.ColumnName, found.Of(column.TypeOID), !neverNull[index]))],
            [.. types.Select(found.Of)]);
    }

    private static async Task<IReadOnlyList<NpgsqlDbColumn>> DescribeAsync(
        NpgsqlConnection connection, PostgresQuery query)
    {
        var batch = SelectStatement.Describe(query, connection);
        await using var _ = batch.ConfigureAwait(false);
        var description = await batch.ExecuteReaderAsync(CommandBehavior.SchemaOnly, CancellationToken.None)
            .ConfigureAwait(false);
        await using var __ = description.ConfigureAwait(false);
        var columns = await description.GetColumnSchemaAsync(CancellationToken.None).ConfigureAwait(false);
        return [.. columns.Cast<NpgsqlDbColumn>()];
    }

    private static async Task<IReadOnlyList<uint>> TypesAsync(NpgsqlConnection connection, IReadOnlyList<string> names)
    {
        var command = new NpgsqlCommand(ParameterTypes, connection)
        {
            Parameters = { new() { Value = names.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text } },
        };
        await using var _ = command.ConfigureAwait(false);
        var reader = await command.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
        await using var __ = reader.ConfigureAwait(false);
        var types = new List<uint>();
        while (await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false))
            types.Add(reader.GetFieldValue<uint>(0));
        return types;
    }
}

/// <summary>A column of a query.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">What its values are, unless they are null.</param>
/// <param name="IsNullable">Whether a value may be null: false only where that is known.</param>
internal sealed record ColumnType(string Name, JsonType Value, bool IsNullable);
