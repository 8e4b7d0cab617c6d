using System.Text;
using ChunkStream.DurableStreams.Protocol;
using ChunkStream.Problems;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>A body in JSON mode becomes messages, byte for byte.</summary>
public sealed class JsonMessagesTests
{
    [Theory]
    [InlineData("""{"a":1}""", """{"a":1}""")]
    [InlineData("  \n\t \"text\" \r\n ", "\"text\"")]
    [InlineData("12345678901234567890.1234567890e-7", "12345678901234567890.1234567890e-7")]
    [InlineData("null", "null")]
    [InlineData(
        """[1, "two" ,{ "three" : [ 3 ] }, [4,5], null ]""", "1", "\"two\"", """{ "three" : [ 3 ] }""", "[4,5]",
        "null")]
    [InlineData("[[[1,2,3]]]", "[[1,2,3]]")]
    [InlineData("[[]]", "[]")]
    [InlineData("[]")]
    [InlineData(" [ ] ")]
    [InlineData("""["ä\u00e4\ud800"]""", """
        "ä\u00e4\ud800"
        """)]
    public void Values_are_slices_of_the_body(string body, params string[] messages)
    {
        var (found, problem) = Split(body);

        Assert.Null(problem);
        Assert.Equal(messages, found);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("{")]
    [InlineData("[1,]")]
    [InlineData("[1 2]")]
    [InlineData("1 2")]
    [InlineData("[1]]")]
    [InlineData("{'a':1}")]
    [InlineData("// no comment\n1")]
    [InlineData("NaN")]
    [InlineData("01")]
    [InlineData("\"a\nb\"")]
    [InlineData("\uFEFF1")]
    public void What_is_not_JSON_is_refused(string body)
    {
        var (_, problem) = Split(body);

        Assert.Equal(("urn:chunkstream:invalid-body", 400), (problem?.Type, problem?.Status ?? 0));
    }

    [Fact]
    public void Where_the_mistake_is_is_told()
        => Assert.Contains("line 2, byte 3", Split("[1,\n2,x]").Problem!.Detail, StringComparison.Ordinal);

    [Fact]
    public void What_is_not_UTF8_is_refused_also_inside_a_text()
    {
        byte[] body = [(byte)'"', 0xFF, (byte)'"'];

        var refusal = Assert.Throws<ProblemException>(() => JsonMessages.Split(body, maxMessages: 10));

        Assert.Contains("UTF-8", refusal.Problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Nesting_has_a_limit()
    {
        Assert.Null(Split(new string('[', 1000) + new string(']', 1000)).Problem);
        Assert.Equal(400, Split(new string('[', 1001) + new string(']', 1001)).Problem!.Status);
    }

    [Fact]
    public void So_has_the_number_of_messages()
    {
        Assert.Equal(10, Split("[1,2,3,4,5,6,7,8,9,10]").Messages.Length);
        Assert.Equal(413, Split("[1,2,3,4,5,6,7,8,9,10,11]").Problem!.Status);
    }

    private static (string[] Messages, Problem? Problem) Split(string body)
    {
        try
        {
            var messages = JsonMessages.Split(Encoding.UTF8.GetBytes(body), maxMessages: 10);
            return ([.. messages.Select(message => Encoding.UTF8.GetString(message.Span))], null);
        }
        catch (ProblemException refusal)
        {
            return ([], refusal.Problem);
        }
    }
}
