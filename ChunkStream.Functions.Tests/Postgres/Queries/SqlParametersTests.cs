using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Queries;
using ChunkStream.Postgres.Rows;
using ChunkStream.Postgres.Sql;
using CsCheck;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres.Queries;

/// <summary>A parameter is bound wherever the SQL has one, and nothing else of a statement is changed.</summary>
[Collection(RealPostgres.Collection)]
public sealed class SqlParametersTests(RealPostgres postgres)
{
    // No text here has it, so that what was written for a parameter is found again.
    private const string Mark = "\ue000";

    private static readonly QueryParameter[] Marked = [Parameter("p", Mark)];

    // Each literal, name and comment has something that would be a parameter elsewhere.
    private static readonly string[] Opaque =
    [
        "'@p'", "'it''s @p'", "'\\'", "E'\\'@p'", "e'@p\\\\'", "'@p'\n'@p'", "'a' --@p\n '@p'", "N'@p'", "U&'@p'",
        "B'1'", "$$@p$$", "$q$@p$$'$q$", "$é$ @p $é$",
        "\"@p\"", "\"a\"\"@p\"", "U&\"@p\"", "--@p\n", "--@p\r", "/*@p*/", "/* /* @p */ ' @p */", "/*\r\n@p*/",
    ];

    private static readonly string[] Plain =
    [
        "select", "a", "a$1", "é", "\"a\"", "1", "1.5", "1e5", "0x1F", ",", "(", ")", "[", "]", ".", "::", ":=", "=",
        "<>", "@>", "<@", "@@", "->>", "?|", "#-", "@", "@-@", "-", "||", "$", "\n", "\r\n", "\t",
    ];

    // What can be taken for the begin or the end of something else.
    private static readonly string[] Pieces =
    [
        "@p", "@P", "@p", "'", "''", "\"", "\\", "\n", "\r", "\r\n", "\u2028", "\u0085", "\u00a0", "\v", "\f", "--",
        "-", "/*", "*/", ";", "$", "$$", "$1", "$q$", ":", "::", "?", "é", "😀",
        "x", " ", "\t", "E", "e'", "U&", "&", "@", "@ ", "<", ">", "=", "%", "(", "1", "1e", "\0", "cast",
    ];

    private static readonly Gen<(string Sql, string Bound)> Tokens = Gen.Frequency(
        (2, Gen.OneOf(Opaque).Select(text => (text, text))),
        (2, Gen.OneOf(Plain).Select(text => (text, text))),
        (1, Gen.OneOf(
            ("@p", Cast), ("@P", Cast), ("-@p", "-" + Cast), ("=@p", "=" + Cast), ("||@p", "||" + Cast),
            ("@>@p", "@>" + Cast), ("@p::a", Cast + "::a"), ("(@p)", $"({Cast})"),
            ("a@p", $"a {Cast}"), ("@p@p", $"{Cast} {Cast}"))));

    private static string Cast => $"CAST($1 AS {Mark})";

    [Fact]
    public void No_literal_quoted_name_or_comment_is_bound_and_each_parameter_is()
        => Tokens.Array[1, 12].Holds(3000, tokens =>
        {
            var sql = "select " + string.Join(' ', tokens.Select(token => token.Sql));
            var (bound, mistakes) = Bind(sql, Marked);

            Assert.Equal("select " + string.Join(' ', tokens.Select(token => token.Bound)), bound);
            var isUsed = bound.Contains(Mark, StringComparison.Ordinal);
            Assert.True(isUsed ? mistakes.Count == 0 : mistakes.All(IsUnused));
        });

    [Fact]
    public void Any_text_is_read_without_an_exception_and_all_but_parameters_stays_as_it_is_line_for_line()
    {
        var texts = Gen.String[Gen.Char['\0', '\u00ff'], 0, 40];
        Gen.OneOf(Gen.OneOf(Pieces).Array[0, 20].Select(string.Concat), texts).Holds(10_000, sql =>
        {
            var (bound, mistakes) = Bind(sql, Marked);

            var lines = SqlScanner.LineBreaks(sql) + 1;
            Assert.All(mistakes, mistake => Assert.InRange(mistake.Line, 1, lines));
            if (!mistakes.All(IsUnused))
                return;

            Assert.Equal(lines, SqlScanner.LineBreaks(bound) + 1);
            // A space is put before a parameter where it would grow together with a name. The semicolon that ends the
            // statement is left out.
            var (actual, expected) = (Bare(bound.Replace(Cast, "@p", StringComparison.Ordinal)), Bare(sql));
            var semicolons = Enumerable.Range(0, expected.Length).Where(at => expected[at] == ';');
            Assert.Contains(actual, semicolons.Select(at => expected.Remove(at, 1)).Append(expected));
        });

        static string Bare(string text)
            => text.Replace("@P", "@p", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Postgres_reads_the_statement_as_it_was_meant()
    {
        await using var connection = new NpgsqlConnection(postgres.ConnectionString);
        await connection.OpenAsync().Within();

        await Statements.HoldsAsync(250, async statement =>
        {
            var parameters = Declared.Select(declared => Parameter(declared.Name, declared.Type));
            var (bound, mistakes) = Bind(statement.Sql, parameters);
            Assert.Empty(mistakes);

            await using var command = new NpgsqlCommand(bound, connection);
            SelectStatement.AddParameters(command.Parameters, [.. Declared.Select(parameter => parameter.Value)]);
            await using var reader = await command.ExecuteReaderAsync().Within();
            Assert.True(await reader.ReadAsync().Within());

            Assert.Equal(statement.Values, Enumerable.Range(0, reader.FieldCount).Select(reader.GetString));
        });
    }

    [Theory]
    [InlineData("select a <@b", "b", "<@b")]
    [InlineData("select a\n@@b", "b", "@@b")]
    [InlineData("select @-@b", "b", "@-@b")]
    [InlineData("select a ?@b", "b", "?@b")]
    public void An_operator_that_can_end_with_the_sign_of_a_parameter_must_be_set_apart(
        string sql, string name, string quoted)
    {
        var (bound, mistakes) = Bind(sql, [Parameter(name, "text")]);

        Assert.Equal(sql, bound);
        var mistake = Assert.Single(mistakes, mistake => !IsUnused(mistake));
        Assert.StartsWith($"'{quoted}' can be read in two ways", mistake.Reason, StringComparison.Ordinal);
        Assert.Equal(1 + SqlScanner.LineBreaks(sql), mistake.Line);
        Assert.Empty(Bind(sql, []).Mistakes);
    }

    [Theory]
    [InlineData("select @q", 1, "@q is not declared")]
    [InlineData("select 1\r\n, @p$", 2, "@p$ is not declared")]
    [InlineData("select @p,\n\n$1", 3, "Parameters have names here")]
    [InlineData("select @p; -- over\n;", 2, "holds one statement")]
    [InlineData("select @p;\rselect 1", 2, "holds one statement")]
    [InlineData("-- @p\n", 1, "has no statement")]
    [InlineData("select '@p'", 1, "does not use the parameter @p")]
    public void A_mistake_is_told_with_its_line(string sql, int line, string reason)
    {
        var (_, mistakes) = Bind(sql, [Parameter("p", "text")]);

        Assert.Contains(mistakes, mistake => mistake.Line == line && Says(mistake, reason));
    }

    private static readonly (string Name, string Type, string Value)[] Declared =
    [
        ("p", "text", "it's @n"), ("n", "integer", "5"), ("List", "integer[]", "{5,7}"),
        ("j", "jsonb", """{"a": [1, "@p"]}"""), ("price", "numeric(4,1)", "1.25"),
    ];

    // ␣ is a required gap, and · an optional one. The second text is the expected result.
    private static readonly (string Sql, string Value)[] Expressions =
    [
        ("@p", "it's @n"), ("@P", "it's @n"), ("@n", "5"), ("@price", "1.3"), ("(·@n·)", "5"), ("-·@n", "-5"),
        ("@␣-·@n", "5"), ("@n·+·1", "6"), ("1·+·@n", "6"), ("@n·-·@n", "0"), ("@n·*·-@n", "-25"),
        ("|/·(@n·-·1)", "2"), ("'@p'·||·@p", "@pit's @n"), ("@p·||·'@p'", "it's @n@p"), ("@p·::·text", "it's @n"),
        ("@n·::·text·||·@n·::·text", "55"), ("@n·=·@n", "true"), ("@n·<>·@n", "false"), ("@n·<=·@n", "true"),
        ("case␣when␣@n·=·5␣then@p␣else␣'@p'␣end", "it's @n"), ("@List·@>·array[@n]", "true"),
        ("array[@n]·<@␣@list", "true"), ("array[@n,·6]·&&␣@LIST", "true"), ("@n·=·any·(@list)", "true"),
        ("(@list)[1]", "5"), ("@list·||·@n", "{5,7,5}"), ("@j·->·'a'·->>·1", "@p"), ("@j·#>>·'{a,1}'", "@p"),
        ("@j·?␣'a'", "true"), ("@j·@?␣'$.a[*]'", "true"), ("@p·~·'@'", "true"), ("@p␣like@p", "true"),
        ("@p·!~·@p", "false"), ("'@p'", "@p"), ("E'\\'@n'", "'@n"), ("'\\'", "\\"), ("$$@p$$", "@p"),
        ("$q$@n$$$q$", "@n$$"), ("'@n'\n'@n'", "@n@n"), ("N'@n'", "@n"), ("U&'\\0040n'", "@n"), ("B'1'·::·text", "1"),
        ("(select␣x.\"@p\"␣from␣(select@n)␣as␣x(\"@p\"))", "5"),
        ("(select␣@p␣from␣(values(@n·))␣as␣v(n)␣where␣v.n·=·@n␣limit@n)", "it's @n"),
        ("coalesce(null,·@p)", "it's @n"), ("to_tsvector('simple',·'n')·@@␣to_tsquery('simple',·'n')", "true"),
        ("@p␣is␣not␣null", "true"), ("@n␣between␣@n␣and␣@n", "true"), ("@n␣in␣(@n,@n)", "true"),
    ];

    private static readonly Gen<string> Spaces = Gen.OneOf(
        " ", "\n", "\r\n", "\t", "/*@p*/", " --@p\n", "/* ' /* @n */ \" */", "\f", " --\r");

    private static readonly Gen<string> Gaps = Gen.Frequency((2, Gen.Const("")), (1, Spaces));

    private static readonly Gen<(string Sql, string Value)> Columns = Gen.Select(
        Gen.OneOf(Expressions),
        Spaces.Array[12],
        Gaps.Array[16],
        (expression, spaces, gaps) => (Filled(expression.Sql, spaces, gaps), expression.Value));

    private static readonly Gen<Statement> Statements = Columns.Array[1, 6].Select(columns => new Statement(
        $"""
        select {string.Join(", ", columns.Select(column => $"({column.Sql})::text"))}
        where (@p, @n, @list, @j, @price) is not null;
        """,
        [.. columns.Select(column => column.Value)]));

    private static string Filled(string sql, string[] spaces, string[] gaps)
    {
        var (space, gap) = (0, 0);
        return string.Concat(sql.Select(character => character switch
        {
            '␣' => spaces[space++],
            '·' => gaps[gap++],
            _ => $"{character}",
        }));
    }

    private static bool IsUnused(QueryMistake mistake) => Says(mistake, "does not use");

    private static bool Says(QueryMistake mistake, string what)
        => mistake.Reason.Contains(what, StringComparison.Ordinal);

    private static QueryParameter Parameter(string name, string type)
        => new(name, type, IsRequired: true, Default: null, Line: 1);

    private static (string Bound, List<QueryMistake> Mistakes) Bind(string sql, IEnumerable<QueryParameter> parameters)
    {
        var mistakes = new List<QueryMistake>();
        return (SqlParameters.Bind(sql, [.. parameters], firstLine: 1, mistakes), mistakes);
    }

    private sealed record Statement(string Sql, string[] Values)
    {
        public override string ToString() => System.Text.Json.JsonSerializer.Serialize(Sql);
    }
}
