using ChunkStream.Streaming;

namespace ChunkStream.Formats;

/// <summary>
/// A format of a streamed body: its names, and the bytes around each record. Stateless and synchronous: it writes, and
/// never flushes and never sees HTTP.
/// </summary>
public abstract class StreamFormat
{
    /// <summary>The name that <c>?format=</c> takes.</summary>
    public abstract string Name { get; }

    /// <summary>The value of the Content-Type header.</summary>
    public abstract string ContentType { get; }

    /// <summary>How the records inside this format are written.</summary>
    public abstract RecordEncoding Encoding { get; }

    /// <summary>Writes what stands before a record.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="index">The record's number in this response, from 0.</param>
    public virtual void WriteRecordStart(ByteWriter output, long index)
    {
    }

    /// <summary>Writes what stands after a record.</summary>
    public abstract void WriteRecordEnd(ByteWriter output);
}
