using System.Buffers;
using System.Text;
using ChunkStream.Formats;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>What a piece of code writes, as a string: no server needed.</summary>
internal static class Written
{
    public static string By(Action<ByteWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var output = new ByteWriter(buffer);
        write(output);
        output.Commit();
        Assert.Equal(buffer.WrittenCount, output.BytesWritten);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
