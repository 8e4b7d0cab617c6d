using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Problems;

namespace ChunkStream.Functions.Tests.Formats;

public sealed class FormatTests
{
    private const string Columns =
        """[{"name":"id","type":"int8"},{"name":"a \"b\", c","type":"text"}]""";

    private static readonly StreamSchema Schema = new(
        [new StreamColumn("id", "int8"), new StreamColumn("a \"b\", c", "text")], 12);
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    // What docs/formats.md says, once for each format.
    public static TheoryData<string, string[], string> Bodies { get; } = new()
    {
        { "text", ["one", "two"], "one\ntwo\n" },
        { "text", [], "" },
        { "ndjson", ["1", "2"], "1\n 2\n" },
        { "ndjson", [], "" },
        { "json", ["1", "2"], "[\n1 ,\n2\n]\n" },
        { "json", [], "[\n]\n" },
        { "csv", ["1,x", "2,"], "id,\"a \"\"b\"\", c\"\r\n1,x\r\n2,\r\n" },
        { "csv", [], "id,\"a \"\"b\"\", c\"\r\n" },
        {
            "sse", ["1", "2"],
            $$$"""
            retry: 1000
            event: schema
            data: {"columns":{{{Columns}}},"estimatedRows":12,"checkpoints":false}

            data: 1

            : heartbeat

            data: 2

            event: end
            id: end
            data: {"rows":2,"continue":null}


            """
        },
        {
            "frames", ["1", "2"],
            $$$"""
            {"schema":{"columns":{{{Columns}}},"estimatedRows":12,"checkpoints":false}}
            {"row":1}
            {"heartbeat":"2026-01-02T12:00:00+00:00"}
            {"row":2}
            {"end":{"rows":2,"continue":null}}

            """
        },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public void A_body_is_what_the_documentation_says(string name, string[] records, string expected)
    {
        var format = StreamFormats.All.Single(format => format.Name == name);

        Assert.Equal(expected, Written.By(output =>
        {
            format.WriteStart(output, Schema);
            foreach (var (index, record) in records.Index())
            {
                if (index == 1)
                    format.WriteHeartbeat(output, Noon);
                format.WriteRecordStart(output, index);
                output.Write(record);
                format.WriteRecordEnd(output);
            }

            format.WriteEnd(output, new StreamEnd(records.Length, Continue: null));
        }));
    }

    [Theory]
    [InlineData("sse", "event: error\ndata: ", "\n\n")]
    [InlineData("frames", "{\"error\":", "}\n")]
    public void An_error_is_the_problem_on_one_line(string name, string before, string after)
    {
        var format = StreamFormats.All.Single(format => format.Name == name);
        var problem = Problem.InvalidParameters([new ParameterError("a", "wrong\nby far")]);

        var written = Written.By(output => format.WriteError(output, problem));

        Assert.StartsWith(before, written, StringComparison.Ordinal);
        Assert.EndsWith(after, written, StringComparison.Ordinal);
        var json = written[before.Length..^after.Length];
        Assert.DoesNotContain('\n', json);
        Assert.Equal("wrong\nby far", (string?)JsonNode.Parse(json)!["errors"]![0]!["detail"]);
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("", "\"\"")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("a\"b", "\"a\"\"b\"")]
    [InlineData("\"", "\"\"\"\"")]
    [InlineData("a\nb", "\"a\nb\"")]
    [InlineData("a\rb", "\"a\rb\"")]
    [InlineData(" a", "\" a\"")]
    [InlineData("a ", "\"a \"")]
    [InlineData("=1+1", "=1+1")]
    public void A_CSV_field_is_quoted_where_it_must_be(string text, string field)
        => Assert.Equal(field, Written.By(output => CsvText.WriteField(output, Encoding.UTF8.GetBytes(text))));

    [Theory]
    [InlineData("=1+1", "\"'=1+1\"")]
    [InlineData("+1", "\"'+1\"")]
    [InlineData("-1", "\"'-1\"")]
    [InlineData("@sum", "\"'@sum\"")]
    [InlineData("\t=1", "\"'\t=1\"")]
    [InlineData("\r=1", "\"'\r=1\"")]
    [InlineData("\n=1", "\"'\n=1\"")]
    [InlineData("＝1", "\"'＝1\"")]
    [InlineData("＋1", "\"'＋1\"")]
    [InlineData("－1", "\"'－1\"")]
    [InlineData("＠sum", "\"'＠sum\"")]
    [InlineData("１＝1", "\"１＝1\"")]
    [InlineData("=\"a\",b", "\"'=\"\"a\"\",b\"")]
    [InlineData("a;=1", "\"a;=1\"")]
    [InlineData("a=1", "\"a=1\"")]
    [InlineData("", "\"\"")]
    public void A_text_is_no_formula_where_that_is_asked_for(string text, string field)
        => Assert.Equal(
            field, Written.By(output => CsvText.WriteSpreadsheetField(output, Encoding.UTF8.GetBytes(text))));

    [Fact]
    public void Names_and_content_types_are_unique()
    {
        Assert.Distinct(StreamFormats.All.Select(format => format.Name));
        Assert.Distinct(
            StreamFormats.All.SelectMany(format => format.OtherMediaTypes.Append(format.ContentType.Split(';')[0])));
        Assert.All(
            StreamFormats.All.Where(format => format != StreamFormats.Json),
            format => Assert.Contains("; charset=utf-8", format.ContentType, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_character_survives_a_JSON_string()
    {
        var everything = new StringBuilder();
        for (var character = 0; character <= 0x10FFFF; character += character < 0x300 ? 1 : 251)
        {
            if (Rune.IsValid(character))
                everything.Append(new Rune(character).ToString());
        }

        var json = Written.By(output => JsonText.WriteString(output, Encoding.UTF8.GetBytes(everything.ToString())));

        Assert.Equal(everything.ToString(), JsonSerializer.Deserialize<string>(json));
        Assert.DoesNotContain('\n', json);
    }
}
