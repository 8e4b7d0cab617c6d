using System.Text;
using ChunkStream.DurableStreams.Live;
using ChunkStream.DurableStreams.Protocol;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>Whatever is in a stream stays inside its data event, and is read from it as it was appended.</summary>
public sealed class LiveEventsTests
{
    [Theory]
    [InlineData("plain")]
    [InlineData("a\nb")]
    [InlineData("\n")]
    [InlineData("\n\n")]
    [InlineData("a\n\nevent: control\ndata: {\"streamClosed\":true}\n\n")]
    [InlineData(" one space before")]
    [InlineData("  two\n   three\n none")]
    [InlineData(": a comment")]
    [InlineData("id: 5\nretry: 1")]
    [InlineData("a\u2028b\u2029c\u0085d\u000be\u000cf")]
    [InlineData("\uFEFFmark")]
    public void Text_comes_out_as_it_went_in(string text)
    {
        var (name, data) = Assert.Single(Read(Encode(text, LiveContent.Text)));

        Assert.Equal(("data", text), (name, data));
    }

    [Theory]
    [InlineData("a\r\nb", "a\nb")]
    [InlineData("a\rb", "a\nb")]
    [InlineData("\r\r", "\n\n")]
    [InlineData("a\r\n\r\nevent: control\r\ndata: {}\r\n\r\nb", "a\n\nevent: control\ndata: {}\n\nb")]
    [InlineData("a\r\revent: control\rdata: {}\r\rb", "a\n\nevent: control\ndata: {}\n\nb")]
    [InlineData("a\n\rb", "a\n\nb")]
    public void Every_line_break_comes_out_as_the_same_one(string text, string expected)
    {
        var (name, data) = Assert.Single(Read(Encode(text, LiveContent.Text)));

        Assert.Equal(("data", expected), (name, data));
    }

    [Theory]
    [InlineData("""{"a":1},{"b":2}""")]
    [InlineData("{\r\n\"a\":1\r}")]
    public void Messages_are_an_array(string messages)
    {
        var (_, data) = Assert.Single(Read(Encode(messages, LiveContent.Messages)));

        Assert.Equal($"[{messages}]".ReplaceLineEndings("\n"), data);
    }

    [Theory]
    [InlineData(new byte[] { 0, 1, 2, 255, 10, 13 })]
    [InlineData(new byte[] { 1 })]
    public void Bytes_are_base64(byte[] bytes)
    {
        var segment = new LiveSegment(0, 7, bytes, UpToDate: false, Closed: false);
        var (_, data) = Assert.Single(Read(LiveEvents.Encode(segment, LiveContent.Binary).Bytes.Span));

        Assert.Equal(bytes, Convert.FromBase64String(data));
    }

    [Fact]
    public void The_offset_stands_at_the_end_and_can_be_taken_from_there()
    {
        var made = LiveEvents.Encode(
            new LiveSegment(41, 42, "x"u8.ToArray(), UpToDate: true, Closed: false), LiveContent.Text);

        Assert.Equal(
            "event: data\ndata:x\n\nevent: control\ndata:{\"streamNextOffset\":\"0000000000000000042\"",
            Encoding.UTF8.GetString(made.Bytes.Span));
        Assert.Equal("0000000000000000042", Encoding.UTF8.GetString(made.Offset.Span));
    }

    [Fact]
    public void Without_data_there_is_no_data_event()
        => Assert.StartsWith(
            "event: control\n", Encoding.UTF8.GetString(Encode("", LiveContent.Text)), StringComparison.Ordinal);

    [Theory]
    [InlineData("", 0)]
    [InlineData("61", 0)]
    [InlineData("61C3", 1)]
    [InlineData("C3A4", 0)]
    [InlineData("61E282", 2)]
    [InlineData("E282AC", 0)]
    [InlineData("F09F90", 3)]
    [InlineData("F09F9098", 0)]
    [InlineData("610D", 1)]
    [InlineData("0D0A", 0)]
    [InlineData("61FF", 0)]
    [InlineData("6180", 0)]
    public void What_the_next_bytes_go_on_with_is_known(string bytes, int unfinished)
        => Assert.Equal(unfinished, LiveEvents.Unfinished(Convert.FromHexString(bytes)));

    [Fact]
    public async Task All_readers_of_a_segment_are_given_the_same_bytes()
    {
        var segment = new LiveSegment(0, 5, "hello"u8.ToArray(), UpToDate: true, Closed: true);
        var written = new List<string>();
        foreach (var _ in new int[2])
        {
            await using var source = new LiveSource(
                new LiveAnswer(segment, Reader: null, LiveContent.Text) { Duration = TimeSpan.FromMinutes(1) },
                TimeProvider.System, default);
            var made = segment.Event(LiveContent.Text);
            Assert.True(await source.WaitToReadAsync());
            Assert.True(source.TryRead());
            written.Add(Written.By(source.WriteRecord));
            Assert.Same(made, segment.Event(LiveContent.Text));
            Assert.False(await source.WaitToReadAsync());
        }

        Assert.Equal(
            "event: data\ndata:hello\n\nevent: control\n"
            + "data:{\"streamNextOffset\":\"0000000000000000005\",\"upToDate\":true,\"streamClosed\":true}\n\n",
            written[0]);
        Assert.Equal(written[0], written[1]);
    }

    private static ReadOnlySpan<byte> Encode(string text, LiveContent content)
        => LiveEvents.Encode(
            new LiveSegment(0, 1, Encoding.UTF8.GetBytes(text), UpToDate: true, Closed: false), content).Bytes.Span;

    private static List<(string Name, string Data)> Read(ReadOnlySpan<byte> bytes)
        => SseReader.Events(Encoding.UTF8.GetString(bytes) + "}\n\n").Where(e => e.Name != "control").ToList();
}
