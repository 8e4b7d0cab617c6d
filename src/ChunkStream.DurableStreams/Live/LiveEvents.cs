using System.Buffers;
using System.Buffers.Text;
using System.Text;
using ChunkStream.DurableStreams.Store;

namespace ChunkStream.DurableStreams.Live;

/// <summary>
/// The bytes of a live response's events: the data, and after it the control event that says where the reader is now.
/// Whatever stands in the data, it can't end its event.
/// </summary>
internal static class LiveEvents
{
    // About how many bytes stand around the data.
    private const int Overhead = 128;

    private static ReadOnlySpan<byte> LineBreaks => "\r\n"u8;

    /// <summary>The data event, if there are data, and the control event up to and with the offset.</summary>
    public static LiveEvent Encode(LiveSegment segment, LiveContent content)
    {
        var data = segment.Data.Span;
        var output = new ArrayBufferWriter<byte>(data.Length + Overhead);
        if (!data.IsEmpty)
        {
            output.Write("event: data\n"u8);
            if (content is LiveContent.Binary)
                WriteBase64(output, data);
            else
                WriteLines(output, data, content is LiveContent.Messages);
            output.Write("\n"u8);
        }

        output.Write("event: control\ndata:{\"streamNextOffset\":\""u8);
        var offset = output.WrittenCount;
        Encoding.ASCII.GetBytes(DurableOffset.Format(segment.Next), output);
        var offsetEnd = output.WrittenCount;
        output.Write("\""u8);
        var bytes = output.WrittenMemory;
        return new LiveEvent(bytes, bytes[offset..offsetEnd], segment.UpToDate, segment.Closed);
    }

    /// <summary>
    /// How many bytes at the end of a text begin something that its next bytes go on with: a character, or a line break
    /// of two.
    /// </summary>
    public static int Unfinished(ReadOnlySpan<byte> text)
    {
        if (text is [.., (byte)'\r'])
            return 1;

        for (var length = 1; length <= Math.Min(3, text.Length); length++)
        {
            if (Rune.DecodeFromUtf8(text[^length..], out _, out _) is OperationStatus.NeedMoreData)
                return length;
        }

        return 0;
    }

    private static void WriteLines(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> data, bool inArray)
    {
        WriteLineStart(output, inArray ? [] : data);
        if (inArray)
            output.Write("["u8);
        while (data.IndexOfAny(LineBreaks) is >= 0 and var end)
        {
            output.Write(data[..end]);
            output.Write("\n"u8);
            data = data[(end + (data[end..] is [(byte)'\r', (byte)'\n', ..] ? 2 : 1))..];
            WriteLineStart(output, data);
        }

        output.Write(data);
        output.Write(inArray ? "]\n"u8 : "\n"u8);
    }

    // A client drops one space after the colon. A line that begins with a space therefore needs a second one.
    private static void WriteLineStart(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> line)
        => output.Write(line is [(byte)' ', ..] ? "data: "u8 : "data:"u8);

    private static void WriteBase64(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> data)
    {
        output.Write("data:"u8);
        var target = output.GetSpan(Base64.GetMaxEncodedToUtf8Length(data.Length));
        Base64.EncodeToUtf8(data, target, out _, out var written);
        output.Advance(written);
        output.Write("\n"u8);
    }
}

/// <summary>The events of a segment, as far as they are the same for all its readers. Immutable and shared.</summary>
/// <param name="Bytes">
/// The bytes from the start of the data event to the end of the offset in the control event.
/// </param>
/// <param name="Offset">The bytes of that offset.</param>
/// <param name="UpToDate">Whether a reader then has all that there is.</param>
/// <param name="Closed">Whether nothing more will come.</param>
internal sealed record LiveEvent(ReadOnlyMemory<byte> Bytes, ReadOnlyMemory<byte> Offset, bool UpToDate, bool Closed);

/// <summary>What the data events of a live response hold.</summary>
internal enum LiveContent
{
    /// <summary>An array of messages.</summary>
    Messages,

    /// <summary>Text.</summary>
    Text,

    /// <summary>Bytes, in base64.</summary>
    Binary,
}
