using System.Text;
using System.Text.Json;
using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Formats;

public sealed class FormatTests
{
    [Theory]
    [InlineData("text")]
    [InlineData("ndjson")]
    public void A_record_is_a_line(string name)
    {
        var format = StreamFormats.All.Single(format => format.Name == name);

        Assert.Equal("one\ntwo\n", Written.By(output =>
        {
            foreach (var (index, record) in new[] { "one", "two" }.Index())
            {
                format.WriteRecordStart(output, index);
                output.Write(record);
                format.WriteRecordEnd(output);
            }
        }));
    }

    [Fact]
    public void Names_and_content_types_are_unique()
    {
        Assert.Distinct(StreamFormats.All.Select(format => format.Name));
        Assert.Distinct(StreamFormats.All.Select(format => format.ContentType));
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
