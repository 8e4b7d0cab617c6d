using System.Globalization;
using ChunkStream.Postgres.Failures;
using ChunkStream.Postgres.Rows;
using Npgsql;

namespace ChunkStream.Postgres.Live;

/// <summary>
/// A column of a log that must equal a parameter of the query, or the change does not concern the reader. Postgres
/// compares them, as the query itself does: texts of equal values may differ.
/// </summary>
/// <param name="Column">The column's number in the log, from 1.</param>
/// <param name="Collation">The collation of the table's column, if it has another than its type; else null.</param>
/// <param name="Parameter">The parameter's index among those of the query.</param>
/// <param name="Type">The parameter's type, as SQL spells it.</param>
internal sealed record LiveFilter(int Column, string? Collation, int Parameter, string Type)
{
    /// <summary>A condition on a row of the log.</summary>
    /// <param name="value">SQL of the parameter's value.</param>
    public string IsEqual(string value)
        => string.Create(CultureInfo.InvariantCulture, $"c{Column}{Collated(Collation)} = {value}");

    /// <summary>SQL of the parameter's value.</summary>
    /// <param name="text">SQL of its text: a text, or a parameter without a type.</param>
    public string Value(string text) => $"CAST({text} AS {Type})";

    /// <summary>Why Postgres can't compare the columns of filters with their parameters; null if it can.</summary>
    /// <param name="connection">A connection with a transaction, which a refusal spoils.</param>
    /// <param name="table">The table with the filters.</param>
    public static async Task<string?> RefusalAsync(NpgsqlConnection connection, LiveTable table)
    {
        foreach (var filter in table.Filters)
        {
            var column = table.Columns[filter.Column - 1];
            var compared = new PostgresQuery(
                $"SELECT 1 WHERE CAST(NULL AS {column.Type}){Collated(column.Collation)} = {filter.Value("$1")}")
            {
                Parameters = [null],
            };
            try
            {
                await RowLayout.DescribeAsync(connection, compared).ConfigureAwait(false);
            }
            catch (PostgresException refusal) when (refusal.IsAboutStatement())
            {
                return $"The column {column.Name}, of type {column.Type}, can't be compared with a parameter of type "
                    + $"{filter.Type}: {refusal.MessageText}.";
            }
        }

        return null;
    }

    private static string Collated(string? collation) => collation is null ? "" : $" COLLATE {collation}";
}
