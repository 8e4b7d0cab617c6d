using System.Buffers;
using System.Text;
using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Formats;

public sealed class ByteWriterTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public void Bytes_of_any_length_arrive_in_order_over_blocks_of_any_size(int blockSize)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var output = new ByteWriter(buffer, blockSize);
        var expected = new List<byte>();
        for (var length = 0; length < 300; length++)
        {
            var piece = Enumerable.Range(0, length).Select(value => (byte)(value * length)).ToArray();
            output.Write(piece);
            output.Write((byte)length);
            expected.AddRange([.. piece, (byte)length]);
        }

        Assert.Equal(expected.Count, output.BytesWritten);
        output.Commit();
        Assert.Equal(expected, buffer.WrittenSpan.ToArray());
    }

    [Fact]
    public void Text_is_not_torn_apart_inside_a_surrogate_pair()
    {
        // The pair stands across the boundary of the pieces that a long text is written in.
        var text = new string('x', 4095) + "😀" + new string('y', 9000);

        Assert.Equal(text, Written.By(output => output.Write(text)));
    }

    [Fact]
    public void A_lone_surrogate_becomes_the_replacement_character()
        => Assert.Equal("a\uFFFDb", Written.By(output => output.Write("a\uD800b")));

    [Fact]
    public void Nothing_reaches_the_target_before_a_commit()
    {
        var buffer = new ArrayBufferWriter<byte>();
        var output = new ByteWriter(buffer, blockSize: 100);

        output.Write("abc"u8);
        Assert.Equal(0, buffer.WrittenCount);
        output.Commit();
        Assert.Equal("abc", Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    [Fact]
    public void Advancing_past_the_span_is_refused()
    {
        var output = new ByteWriter(new ArrayBufferWriter<byte>(), blockSize: 8);
        var length = output.GetSpan(8).Length;

        Assert.Throws<ArgumentOutOfRangeException>(() => output.Advance(length + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => output.Advance(-1));
    }
}
