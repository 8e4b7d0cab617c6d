using ChunkStream.Postgres;
using ChunkStream.Postgres.Queries;

namespace ChunkStream.Functions.Tests.Postgres.Queries;

public sealed class QueryFileTests
{
    [Fact]
    public void A_file_declares_its_query_in_a_comment_block()
    {
        var file = Parse(
            """"
            -- summary: Flights at least so many minutes late
            -- A comment, which is not a declaration.
            -- param: min_delay integer = 15        -- typed, optional with a default
            -- param: since timestamp with time zone             -- required
            -- param: kinds text[] = {a,b}
            -- param: name varchar(20) = 'it''s -- here'
            -- param: nothing numeric(10,2) = null
            -- key: departed_at desc, "Mixed ""Case""", ID    -- three columns

            -- plan: whole
            -- timeout: 1.5s
            -- idle: 2min
            -- max-rows: 1000
            -- access: anonymous
            select id, departed_at from flights
            """"
            + "\nwhere delay >= @min_delay and departed_at >= @since and kind = any(@kinds) and name=@name "
            + "and cost > @nothing; -- done");

        Assert.Equal("Flights at least so many minutes late", file.Header.Summary);
        Assert.Equal(
            [
                new("min_delay", "integer", false, "15", 3),
                new("since", "timestamp with time zone", true, null, 4),
                new("kinds", "text[]", false, "{a,b}", 5),
                new("name", "varchar(20)", false, "it's -- here", 6),
                new("nothing", "numeric(10,2)", false, null, 7),
            ],
            file.Header.Parameters);
        Assert.Equal([new("departed_at", true), new("Mixed \"Case\"", false), new("id", false)], file.Header.Key);
        Assert.Equal(CursorPlan.Whole, file.Header.Plan);
        Assert.Equal(TimeSpan.FromSeconds(1.5), file.Header.Timeout);
        Assert.Equal(TimeSpan.FromMinutes(2), file.Header.Idle);
        Assert.Equal(1000, file.Header.MaxRows);
        Assert.Equal(QueryAccess.Anonymous, file.Header.Access);
        Assert.Equal(15, file.FirstLine);
        Assert.Equal(
            """
            select id, departed_at from flights
            """.ReplaceLineEndings("\n")
            + "\nwhere delay >= CAST($1 AS integer) and departed_at >= CAST($2 AS timestamp with time zone) "
            + "and kind = any(CAST($3 AS text[])) and name=CAST($4 AS varchar(20)) and cost "
            + "> CAST($5 AS numeric(10,2)) -- done",
            file.Sql);
    }

    [Theory]
    [InlineData(
        "select '@a' || \"@a\" || $$@a$$ || $t$ @a $$ $t$ || @a",
        "select '@a' || \"@a\" || $$@a$$ || $t$ @a $$ $t$ || CAST($1 AS text)")]
    [InlineData("select 'it''s @a' || E'\\' @a' || @a", "select 'it''s @a' || E'\\' @a' || CAST($1 AS text)")]
    [InlineData("select E'x''\\' @a', @a", "select E'x''\\' @a', CAST($1 AS text)")]
    [InlineData("select name'\\', @a", "select name'\\', CAST($1 AS text)")]
    [InlineData("select 1 -- @a\n, @a", "select 1 -- @a\n, CAST($1 AS text)")]
    [InlineData("select /* @a /* @a */ ; @a */ @a", "select /* @a /* @a */ ; @a */ CAST($1 AS text)")]
    [InlineData(
        "select x @> y, x <@ y, x @@ y, @ -5, x @? y, @a",
        "select x @> y, x <@ y, x @@ y, @ -5, x @? y, CAST($1 AS text)")]
    [InlineData(
        "select x=@a, x>=@A, x||@a, (@a)",
        "select x=CAST($1 AS text), x>=CAST($1 AS text), x||CAST($1 AS text), (CAST($1 AS text))")]
    [InlineData("select x <@ @a", "select x <@ CAST($1 AS text)")]
    [InlineData("select a$b, @a ;\n -- end ;\n", "select a$b, CAST($1 AS text) \n -- end ;\n")]
    [InlineData("select E'a'\n'b\\'@x\\'', @a", "select E'a'\n'b\\'@x\\'', CAST($1 AS text)")]
    [InlineData("select E'a' -- it's\r\n'\\'@x', @a", "select E'a' -- it's\r\n'\\'@x', CAST($1 AS text)")]
    [InlineData("select E'a' '\\', @a", "select E'a' '\\', CAST($1 AS text)")]
    [InlineData("select E'a'/*\n*/'\\', @a", "select E'a'/*\n*/'\\', CAST($1 AS text)")]
    [InlineData("select 'a'\n'\\', @a", "select 'a'\n'\\', CAST($1 AS text)")]
    [InlineData("select a$e'\\', @a", "select a$e'\\', CAST($1 AS text)")]
    [InlineData(
        "select U&'\\', u&\"@a\"\"\" uescape '@', b'1', x'a', n'\\', @a",
        "select U&'\\', u&\"@a\"\"\" uescape '@', b'1', x'a', n'\\', CAST($1 AS text)")]
    [InlineData("select $é_1$ @a $$ $é$ $é_1$, @a", "select $é_1$ @a $$ $é$ $é_1$, CAST($1 AS text)")]
    [InlineData("select 1 -- @a\r, @a", "select 1 -- @a\r, CAST($1 AS text)")]
    [InlineData("select '\r\n\u2028\u0085\f', @a", "select '\r\n\u2028\u0085\f', CAST($1 AS text)")]
    [InlineData("select@a in@a", "select CAST($1 AS text) in CAST($1 AS text)")]
    [InlineData("select x @-@y, x ^@y, @a::text", "select x @-@y, x ^@y, CAST($1 AS text)::text")]
    public void A_parameter_is_found_where_Postgres_would_see_one(string sql, string bound)
        => Assert.Equal(bound, Parse("-- param: a text\n" + sql).Sql);

    [Theory]
    [InlineData("geometry(Point,4326)", "geometry(Point,4326)", null)]
    [InlineData(
        "geometry ( 'Point' , -4326 ) = SRID=4326;POINT(1 2)", "geometry ( 'Point' , -4326 )", "SRID=4326;POINT(1 2)")]
    [InlineData("\"My = \"\"Type\"\" -- (\" = a=b -- a comment", "\"My = \"\"Type\"\" -- (\"", "a=b")]
    [InlineData("my_schema.\"My Type\"(3)[]", "my_schema.\"My Type\"(3)[]", null)]
    [InlineData("my_schema . größe=1", "my_schema . größe", "1")]
    [InlineData("numeric(10, -2)[3][] = {}", "numeric(10, -2)[3][]", "{}")]
    [InlineData("timestamp(3) with time zone", "timestamp(3) with time zone", null)]
    [InlineData("interval day to second (2)", "interval day to second (2)", null)]
    [InlineData("bit varying(5) ARRAY[4]", "bit varying(5) ARRAY[4]", null)]
    [InlineData("integer =-5", "integer", "-5")]
    [InlineData("text = it's -- a comment", "text", "it's")]
    [InlineData("text = 5\" wide", "text", "5\" wide")]
    public void A_parameter_may_be_of_any_type_that_SQL_can_spell(string declaration, string type, string? value)
    {
        var file = Parse($"-- param: a {declaration}\nselect @a as a");

        var parameter = Assert.Single(file.Header.Parameters);
        Assert.Equal((type, value), (parameter.Type, parameter.Default));
        Assert.Equal($"select CAST($1 AS {type}) as a", file.Sql);
    }

    [Theory]
    [InlineData("-- parm: a text\nselect 1", 1, "There is no 'parm:'")]
    [InlineData("-- param: a\nselect 1", 1, "name type")]
    [InlineData("-- param: limit integer\nselect @limit", 1, "can't be named 'limit'")]
    [InlineData("-- param: a text\n-- param: A text\nselect @a", 2, "declared twice")]
    [InlineData("-- param: a text; drop table x\nselect @a", 1, "name type")]
    [InlineData("-- param: a text)\nselect @a", 1, "name type")]
    [InlineData("-- param: a text) + (1\nselect @a", 1, "name type")]
    [InlineData("-- param: a numeric(1\nselect @a", 1, "name type")]
    [InlineData("-- param: a text /* no */\nselect @a", 1, "name type")]
    [InlineData("-- param: a \"text\nselect @a", 1, "name type")]
    [InlineData("-- param: a text, b text\nselect @a", 1, "name type")]
    [InlineData("-- param: a text =\nselect @a", 1, "name type")]
    [InlineData("-- param: ä text\nselect 1", 1, "name type")]
    [InlineData("-- param: lastEventId text\nselect @lastEventId", 1, "can't be named")]
    [InlineData("-- key: id upwards\nselect 1", 1, "asc or desc")]
    [InlineData("-- key: id, id\nselect 1", 1, "twice")]
    [InlineData("-- key: id\n-- key: id\nselect 1 as id", 2, "declared twice")]
    [InlineData("-- plan: fast\nselect 1", 1, "first-row or whole")]
    [InlineData("-- timeout: soon\nselect 1", 1, "30s")]
    [InlineData("-- timeout: 0s\nselect 1", 1, "30s")]
    [InlineData("-- idle: 8000h\nselect 1", 1, "a week")]
    [InlineData("-- max-rows: 0\nselect 1", 1, "from 1")]
    [InlineData("-- max-rows: 9223372036854775807\nselect 1", 1, "to 1000000000000")]
    [InlineData("-- access: all\nselect 1", 1, "anonymous or function")]
    [InlineData("-- param: a text\n\nselect 1", 1, "does not use the parameter @a")]
    [InlineData("select 1\n\n where @b", 3, "@b is not declared")]
    [InlineData("select $1", 1, "have names")]
    [InlineData("select 1;\nselect 2", 2, "one statement")]
    [InlineData("-- param: a int\nselect x <@a", 2, "two ways")]
    [InlineData("-- param: a int\nselect x ^@a", 2, "two ways")]
    [InlineData("-- param: a int\nselect @a$b, @a", 2, "@a$b is not declared")]
    [InlineData("-- param: a int\rselect '\u2028\n',\r\n@b", 4, "@b is not declared")]
    [InlineData("select '\0'", 1, "null character")]
    [InlineData("-- summary: nothing else\n", 1, "no statement")]
    public void What_is_wrong_with_a_file_is_told_with_its_line(string text, int line, string reason)
    {
        var (file, mistakes) = QueryFile.Parse("broken", text);

        Assert.Null(file);
        Assert.Contains(
            mistakes, mistake => mistake.Line == line && mistake.Reason.Contains(reason, StringComparison.Ordinal));
    }

    [Fact]
    public void All_mistakes_of_a_file_are_told_in_the_order_of_its_lines()
    {
        var (_, mistakes) = QueryFile.Parse("broken", "-- plan: fast\r\n-- parm: x\r\nselect @y\r\n");

        Assert.Equal([1, 2, 3], mistakes.Select(mistake => mistake.Line));
    }

    [Fact]
    public void Nothing_inside_a_literal_is_changed()
    {
        const string Sql = "select 'a\u2028b\r\nc\u0085d\fe\rf', $$\r\n$$, \"\r\n\"\r\n";

        Assert.Equal(Sql, Parse("-- summary: a line\u2028of its own\r\n\r" + Sql).Sql);
        Assert.Equal("a line\u2028of its own", Parse("-- summary: a line\u2028of its own\r\n" + Sql).Header.Summary);
    }

    private static QueryFile Parse(string text)
    {
        var (file, mistakes) = QueryFile.Parse("query", text);
        Assert.Empty(mistakes);
        return file!;
    }
}
