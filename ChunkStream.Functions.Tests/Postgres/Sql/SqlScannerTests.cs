using System.Globalization;
using System.Text;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Queries;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;

namespace ChunkStream.Functions.Tests.Postgres.Sql;

/// <summary>
/// The scanner sees literals, comments and names where Postgres sees them, and leaves them unchanged.
/// </summary>
[Collection(RealPostgres.Collection)]
public sealed class SqlScannerTests(RealPostgres postgres)
{
    private const string Value = "the 'value'";

    [Fact]
    public async Task Whatever_a_query_file_holds_it_gives_what_Postgres_gives_for_it()
    {
        var random = new Random(20261126);
        var statements = Enumerable.Range(0, 80).Select(_ => new RandomStatement(random)).ToArray();
        using var files = new QueryFiles();
        foreach (var (index, statement) in statements.Index())
            files.With($"with-parameter-{index}", "-- param: p text\n" + statement.Text("@p"))
                .With($"without-{index}", statement.Text("null::text"));
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString, settings: files.Setting);
        await using var plain = new NpgsqlConnection(postgres.ConnectionString);
        await plain.OpenAsync().Within();

        foreach (var (index, statement) in statements.Index())
        {
            var (with, without) = (await PlainAsync(plain, statement, Value), await PlainAsync(plain, statement, null));

            Same(
                statement, with,
                await BodyAsync(api, $"/api/queries/with-parameter-{index}?p={Uri.EscapeDataString(Value)}"));
            Same(statement, without, await BodyAsync(api, $"/api/queries/without-{index}"));
        }
    }

    [Fact]
    public async Task A_backslash_is_a_backslash_also_where_the_server_would_have_it_escape()
    {
        const string Sql = """-- param: p text""" + "\n" + """select 'a\' as a, @p as p, '''' as b""";
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString + ";Options=-c standard_conforming_strings=off", Sql);

        // Some of these are connections that have been used before.
        for (var round = 0; round < 3; round++)
            Assert.Equal("""{"a":"a\\","p":"x","b":"'"}""" + "\n", await BodyAsync(api, "/api/db-stream?p=x"));
    }

    [Theory]
    [InlineData("select 1 as a\r, no_such_column", 2)]
    [InlineData("select '\u2028\u0085\f' as a\r\n, no_such_column", 2)]
    [InlineData("select '\r\n\r\n' as a\n\r, no_such_column", 5)]
    public async Task A_mistake_is_told_with_the_line_that_editors_show(string sql, int line)
    {
        var (file, mistakes) = QueryFile.Parse("query", sql);
        Assert.Empty(mistakes);

        var check = new QueryCheck(postgres.Database, Options.Create(new QueryOptions()));
        var answer = await check.CheckAsync(file!, default).Within();

        Assert.Equal(line, Assert.Single(answer.Mistakes).Line);
    }

    private static void Same(RandomStatement statement, string expected, string actual)
        => Assert.True(expected == actual, $"{statement} gives {expected}, and not {actual}");

    private static async Task<string> BodyAsync(LocalApi api, string path)
    {
        using var response = await api.GetAsync(path);
        return await response.Content.ReadAsStringAsync().Within();
    }

    /// <summary>
    /// The row that Postgres itself gives for the statement. Npgsql doesn't rewrite a statement with a placeholder such
    /// as $1.
    /// </summary>
    private static async Task<string> PlainAsync(NpgsqlConnection connection, RandomStatement statement, string? value)
    {
        await using var command = new NpgsqlCommand(
            $"select row_to_json(q)::text from (\n{statement.Text("$1::text")}\n) as q", connection);
        command.Parameters.Add(
            new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Text, Value = (object?)value ?? DBNull.Value });
        return (string)(await command.ExecuteScalarAsync())! + "\n";
    }

    /// <summary>A SELECT of all kinds of literals and comments, full of characters that are easily misread.</summary>
    private sealed class RandomStatement
    {
        private static readonly string[] Pieces =
        [
            "@p", "'", "\"", "\\", "\n", "\r", "\r\n", "\u2028", "\u0085", "\u00a0", "\v", "--", "/*", "*/", ";", "$",
            "$$", "$1", "$q$", ":p", "?", "é", "😀", "x", " ", "\t", "E", "e'", "U&", "@", "%", "{0}",
        ];

        private static readonly string[] Escapes =
            [@"\'", @"\\", "''", @"\n", @"\x41", @"\101", @"\u00e9", @"\@p", "\\\n", "\\é"];
        private static readonly string[] Breaks =
            ["\n", "\r", " \r\n ", " -- it's @p\n", "\n--'@p;\n\t", "\f\n", "--\r"];
        private static readonly string[] Between =
            [" ", "\n", "/* ' @p /* ; */ $$ */", "-- @p ' $a$ \"\n", "\r\n", "/**/", "/*'*//*/ */", "\t--\r"];

        private readonly Random _random;
        private readonly string _text;

        public RandomStatement(Random random)
        {
            _random = random;
            var columns = Enumerable.Range(0, random.Next(1, 5))
                .Select(index => $"{Gap()}{Literal()}{Gap()}as{Gap()}{Name(index)}").ToList();
            columns.Insert(
                random.Next(columns.Count + 1), random.Next(2) == 0 ? "\0 as p" : "('x'||\0)||U&\"x@p\" as p");
            _text =
                $"select{Gap()}{string.Join(',', columns)}{Gap()}from{Gap()}(values ($a$@p$a$)) as t(\"x@p\"){Gap()}";
        }

        public string Text(string parameter) => _text.Replace("\0", parameter, StringComparison.Ordinal);

        public override string ToString() => System.Text.Json.JsonSerializer.Serialize(_text);

        private string Gap() => _random.Next(3) == 0 ? $" {Pick(Between)} " : " ";

        private string Name(int index) => _random.Next(4) switch
        {
            0 => $"\"c{index} @p '' --\"",
            1 => $"c{index}$e",
            2 => $"é{index}",
            _ => string.Create(CultureInfo.InvariantCulture, $"c{index}"),
        };

        private string Literal() => _random.Next(6) switch
        {
            0 => "E" + Parts(() => Some([.. Pieces.Where(piece => piece != "\\"), .. Escapes, .. Escapes])),
            1 => "e" + Parts(() => Some(Escapes)),
            2 => "U&" + Parts(() => Some([.. Pieces.Where(piece => piece != "\\"), @"\0061", @"\+01F600", @"\\"])),
            3 => "N" + Parts(() => Some(Pieces)),
            4 => Dollars(),
            _ => Parts(() => Some(Pieces)),
        };

        private string Parts(Func<string> content)
        {
            var literal = new StringBuilder().Append('\'').Append(content()).Append('\'');
            while (_random.Next(3) == 0)
                literal.Append(Pick(Breaks)).Append('\'').Append(content()).Append('\'');
            return literal.ToString();
        }

        private string Dollars()
        {
            var tag = Pick(["$$", "$é$", "$_1$", "$E$"]);
            return tag + string.Concat(Enumerable.Range(0, _random.Next(8)).Select(_ => Pick(Pieces)))
                .Replace("$$", "", StringComparison.Ordinal).TrimEnd('$') + tag;
        }

        // Quotes are doubled, unless something escapes them.
        private string Some(string[] pieces)
            => string.Concat(Enumerable.Range(0, _random.Next(8))
                .Select(_ => Pick(pieces))
                .Select(piece => piece is "'" or "e'" ? piece + "'" : piece));

        private string Pick(string[] choices) => choices[_random.Next(choices.Length)];
    }
}
