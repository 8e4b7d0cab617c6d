using ChunkStream.Problems;

namespace ChunkStream.Functions.Tests.Problems;

public sealed class BoundedTextTests
{
    [Theory]
    [InlineData("short", 10, "short")]
    [InlineData("0123456789", 10, "0123456789")]
    [InlineData("0123456789a", 10, "0123456789…")]
    [InlineData("012345678\ud83d\ude00", 10, "012345678…")]
    public void A_text_is_cut_and_never_in_a_character(string text, int length, string expected)
        => Assert.Equal(expected, BoundedText.Cut(text, length));

    [Theory]
    [InlineData("größe ✅", "größe ✅")]
    [InlineData("\u001b[31mred", "\\u001b[31mred")]
    [InlineData("a\r\nb\0", "a\\u000d\\u000ab\\u0000")]
    [InlineData("a\u202eb\u2028c\u009b", "a\\u202eb\\u2028c\\u009b")]
    public void A_line_has_no_control_characters(string text, string expected)
        => Assert.Equal(expected, BoundedText.Line(text, 100));

    [Fact]
    public void A_cause_is_one_bounded_line()
    {
        var cause = Cause.Describe(
            new InvalidOperationException(
                "\u001b]0;title\u0007" + new string('x', 10_000), new IOException("why\nmore")));

        Assert.StartsWith(": \\u001b]0;title\\u0007xxx", cause, StringComparison.Ordinal);
        Assert.EndsWith("…: why", cause, StringComparison.Ordinal);
        Assert.InRange(cause.Length, 500, 600);
    }
}
