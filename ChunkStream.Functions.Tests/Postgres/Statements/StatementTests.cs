using ChunkStream.Postgres.Statements;

namespace ChunkStream.Functions.Tests.Postgres.Statements;

/// <summary>What an interpolated string becomes, without a database.</summary>
public sealed class StatementTests
{
    private readonly int _value = 5;

    [Fact]
    public void Holes_become_parameters_and_all_else_stays_as_it_is()
    {
        var statement = Sql(
            $"select '{{a}}', \"b\" /* ; */\nfrom t where x>={_value} and y = any({new[] { 1, 2 }}); -- end");

        Assert.Equal(
            "select '{a}', \"b\" /* ; */\nfrom t where x>=CAST($1 AS integer) "
            + "and y = any(CAST($2 AS integer[])) -- end", statement.Sql);
        Assert.Equal(["5", "{\"1\",\"2\"}"], statement.Values);
    }

    [Fact]
    public void A_hole_that_would_be_a_part_of_the_SQL_is_refused()
    {
        Refused("_value} stands inside a text in quotes", () => Sql($"select * from t where x like '%{_value}%'"));
        Refused("_value} stands inside a text in quotes", () => Sql($"select E'\\'{_value}'"));
        Refused("_value} stands inside a text in quotes", () => Sql($"select $tag$ {_value} $tag$"));
        Refused("_value} stands in a comment", () => Sql($"select 1 -- {_value}"));
        Refused("_value} stands in a comment", () => Sql($"select 1 /* /* */ {_value} */"));
        Refused("_value} stands in a quoted name", () => Sql($"select * from \"t{_value}\""));
        Refused("_value} stands right beside a name", () => Sql($"select * from t{_value}"));
        Refused("_value} stands right beside a name", () => Sql($"select * from {_value}t"));
        Refused("_value} stands right beside a name", () => Sql($"select 1{_value}"));
        Refused("_value} stands inside a text in quotes", () => Sql($"select ${_value}"));
        Refused("_value} stands right beside a name", () => Sql($"select {_value}{_value}"));
    }

    [Fact]
    public void It_is_one_statement_with_no_parameters_but_its_holes()
    {
        Refused("There is no statement", () => Sql($""));
        Refused("There is no statement", () => Sql($" -- nothing\n;"));
        Refused("nothing but comments may follow", () => Sql($"select 1; select {_value}"));
        Refused("has the parameter $2", () => Sql($"select $2, {_value}"));
        Refused("There is no statement", () => Statement.Create(default));
    }

    [Fact]
    public void A_value_whose_type_no_type_of_Postgres_belongs_to_is_refused_by_its_expression()
    {
        Refused("{new Version(1, 2)} is a System.Version", () => Sql($"select {new Version(1, 2)}"));
        Refused("{new int[1, 1]} is a System.Int32[,]", () => Sql($"select {new int[1, 1]}"));
        Refused(
            "has both times of UTC and times without", () => Sql($"select {new[] { DateTime.UnixEpoch, default }}"));
        Refused("DayOfWeek has no name for the value 9", () => Sql($"select {(DayOfWeek)9}"));
    }

    [Fact]
    public void Only_whether_a_text_is_null_needs_a_type()
    {
        string? text = null;

        Assert.Equal(
            "select CAST($1 AS text) IS NULL or CAST($2 AS text) is /* */ not null, $3 is distinct from t, $4",
            Sql($"select {text} IS NULL or {text} is /* */ not null, {text} is distinct from t, {text}").Sql);
    }

    private static Statement Sql(SqlInterpolatedStringHandler sql) => Statement.Create(sql);

    private static void Refused(string message, Action make)
        => Assert.Contains(message, Assert.Throws<ArgumentException>(make).Message);
}
