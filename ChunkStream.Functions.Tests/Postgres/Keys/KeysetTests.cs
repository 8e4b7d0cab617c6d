using System.Globalization;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Keys;
using ChunkStream.Postgres.Rows;
using CsCheck;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres.Keys;

/// <summary>
/// The condition of a keyset gives the rows that ORDER BY puts at a position or behind it, and no others. Postgres
/// itself evaluates both, over a list of VALUES.
/// </summary>
[Collection(RealPostgres.Collection)]
public sealed class KeysetTests(RealPostgres postgres)
{
    // Values that are alike in some way: equal in another spelling, nearly equal, at the end of their type.
    private static readonly (string Type, string[] Values)[] Types =
    [
        ("int4", ["-2147483648", "-1", "0", "1", "2147483647"]),
        ("int8", ["-9223372036854775808", "0", "1", "9223372036854775807"]),
        ("bool", ["false", "true"]),
        ("text", ["", "a", "A", "b", "ab", "a b", "é", "e", "😀", "'", "\\", "~"]),
        ("text collate \"C\"", ["", "a", "A", "b", "é", "z"]),
        ("text collate \"und-x-icu\"", ["", "a", "A", "b", "é", "e", "z", "a-b", "ab"]),
        ("varchar", ["", "a", "A", "é"]),
        ("name", ["a", "A", "b"]),
        ("char(3)", ["", "a", "a  ", "ab", " a"]),
        ("numeric", ["-Infinity", "-1", "0", "0.0", "1", "1.00", "1e20", "NaN"]),
        ("float8", ["-Infinity", "-0", "0", "0.1", "1e300", "Infinity", "NaN"]),
        ("date", ["-infinity", "0044-03-15 BC", "2000-01-01", "infinity"]),
        ("timestamptz", ["-infinity", "2000-01-01 00:00Z", "2000-01-01 01:00+01", "2000-01-01 00:00:00.000001Z"]),
        ("interval", ["1 mon", "30 days", "720:00:00", "-1 day", "00:00:00"]),
        ("uuid", ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"]),
        ("bytea", ["\\x", "\\x00", "\\x0001", "\\xff"]),
        ("int4[]", ["{}", "{1}", "{1,2}", "{2}", "{NULL}"]),
        ("jsonb", ["null", "1", "1.0", "\"a\"", "[]", "{}"]),
        ("int4range", ["empty", "[1,2)", "[1,1]", "(,)", "[1,)"]),
    ];

    private static readonly Gen<Column> Columns = Gen.Select(
        Gen.OneOf(Gen.Int[0, 3], Gen.Int[0, Types.Length - 1]),
        Gen.Bool,
        (type, isDescending) => new Column(type, isDescending));

    // Each row has a number for each column that a key can have; one in nine is null, except in the position.
    private static readonly Gen<Case> Cases = Gen.Select(
        Columns.Array[1, 4],
        Gen.Int[0, 1000].Array[4],
        Gen.Int[-125, 1000].Array[4].Array[0, 12],
        (key, position, rows) => new Case(key, position, rows));

    [Fact]
    public async Task The_condition_means_at_the_position_or_behind_it_in_the_order()
    {
        await using var connection = new NpgsqlConnection(postgres.ConnectionString);
        await connection.OpenAsync().Within();

        await Cases.HoldsAsync(250, async sample =>
        {
            var layout = await RowLayout.DescribeAsync(connection, sample.Query).Within();
            var order = await OrderAsync(connection, sample, layout.Key);

            var place = order.Single(row => row.Number == 0).Place;
            foreach (var row in order.Where(row => !row.HasNull))
                Assert.Equal((row, row.Place >= place), (row, row.IsGiven));
            Assert.All(order.Where(row => row.IsGiven), row => Assert.True(row.Place >= place));

            // Among rows that are equal, each except the first follows one with the same key.
            foreach (var equal in order.Where(row => !row.HasNull).GroupBy(row => row.Place))
                Assert.Equal(equal.Count() - 1, equal.Count(row => row.IsSameAsBefore));
        });
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public async Task An_index_over_the_key_leads_to_the_position(bool isFirstDescending, bool isSecondDescending)
    {
        await using var connection = new NpgsqlConnection(postgres.ConnectionString);
        await connection.OpenAsync().Within();
        var query = new PostgresQuery("select a, b from keyset")
        {
            Key = [new KeyColumn("a", isFirstDescending), new KeyColumn("b", isSecondDescending)],
        };
        var (first, second) = (isFirstDescending ? "desc" : "asc", isSecondDescending ? "desc" : "asc");
        await using (var table = new NpgsqlCommand(
            $"""
            create temp table keyset as select n as a, n::text as b from generate_series(1, 10000) n;
            create index on keyset (a {first}, b {second});
            analyze keyset
            """,
            connection))
            await table.ExecuteNonQueryAsync().Within();
        var key = (await RowLayout.DescribeAsync(connection, query).Within()).Key;

        await using var explain = new NpgsqlCommand(
            $"""
            explain select * from ({query.Sql}) as q(c0, c1)
            where {Keyset.From(key, firstParameter: 1)} order by {Keyset.OrderBy(key)} limit 10
            """,
            connection);
        SelectStatement.AddParameters(explain.Parameters, ["5000", "5000"]);
        await using var reader = await explain.ExecuteReaderAsync().Within();
        var plan = new List<string>();
        while (await reader.ReadAsync().Within())
            plan.Add(reader.GetString(0));

        Assert.Contains(plan, line => line.TrimStart().StartsWith("Index Cond: ", StringComparison.Ordinal));
        Assert.DoesNotContain(plan, line => line.Contains("Sort", StringComparison.Ordinal));
    }

    private static async Task<List<Row>> OrderAsync(
        NpgsqlConnection connection, Case sample, IReadOnlyList<KeyColumnLayout> key)
    {
        var columns = string.Join(", ", Enumerable.Range(0, key.Count + 1).Select(index => $"c{index}"));
        await using var command = new NpgsqlCommand(
            $"""
            SELECT q.c0, rank() OVER rows_by_key,
                ({Keyset.From(key, firstParameter: 1)}) IS TRUE,
                ({Keyset.IsSameAsBefore(key)}) IS TRUE,
                {string.Join(" OR ", key.Select(column => column.Sql + " IS NULL"))}
            FROM (
            {sample.Query.Sql}
            ) AS q({columns})
            {Keyset.Window(key)}
            """,
            connection);
        SelectStatement.AddParameters(command.Parameters, sample.PositionValues);
        await using var reader = await command.ExecuteReaderAsync().Within();
        var rows = new List<Row>();
        while (await reader.ReadAsync().Within())
            rows.Add(Read(reader));
        return rows;

        static Row Read(NpgsqlDataReader row)
            => new(row.GetInt32(0), row.GetInt64(1), row.GetBoolean(2), row.GetBoolean(3), row.GetBoolean(4));
    }

    private sealed record Row(int Number, long Place, bool IsGiven, bool IsSameAsBefore, bool HasNull);

    private sealed record Column(int Type, bool IsDescending)
    {
        public string? Value(int number) => number < 0 ? null : Types[Type].Values[number % Types[Type].Values.Length];
    }

    /// <summary>The rows of a query. Row 0 is the position; others may have the same key.</summary>
    private sealed record Case(Column[] Key, int[] Position, int[][] Rows)
    {
        public string[] PositionValues => [.. Key.Select((column, index) => column.Value(Position[index])!)];

        public PostgresQuery Query => new(
            $"""
            select n, {string.Join(", ", Key.Select(Selected))}
            from (values {string.Join(", ", Rows.Prepend(Position).Select(RowSql))})
                as v(n, {string.Join(", ", Key.Select((_, index) => $"k{index}"))})
            """)
        {
            Key = [.. Key.Select((column, index) => new KeyColumn($"k{index}", column.IsDescending))],
        };

        public override string ToString()
            => $"{Query.Sql} | {string.Join(", ", Key.Select(column => column.IsDescending ? "desc" : "asc"))}";

        private static string Selected(Column column, int index) => $"k{index}::{Types[column.Type].Type} as k{index}";

        private string RowSql(int[] row, int number)
        {
            var values = Key.Select((column, index) => Literal(column.Value(row[index])));
            return string.Create(CultureInfo.InvariantCulture, $"({number}, {string.Join(", ", values)})");
        }

        private static string Literal(string? value)
            => value is null ? "null::text" : $"'{value.Replace("'", "''", StringComparison.Ordinal)}'::text";
    }
}
