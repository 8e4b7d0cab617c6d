using System.Text.Json.Serialization;
using ChunkStream.Problems;

namespace ChunkStream.Formats;

/// <summary>
/// A format of a streamed body: its names, and the bytes around the records. Stateless and synchronous: it writes, and
/// never flushes and never sees HTTP. What each call writes is specified in <c>docs/formats.md</c>.
/// </summary>
public abstract class StreamFormat
{
    /// <summary>The name that <c>?format=</c> takes.</summary>
    public abstract string Name { get; }

    /// <summary>The value of the Content-Type header. Names the encoding, UTF-8, wherever clients would guess another one.</summary>
    public abstract string ContentType { get; }

    /// <summary>Other names of the media type, in use for the same bytes: who asks by one of them is answered with it.</summary>
    public virtual IReadOnlyList<string> OtherMediaTypes => [];

    /// <summary>What the name of a file of this format ends with, without the dot.</summary>
    public virtual string FileExtension => "txt";

    /// <summary>How the records inside this format are written.</summary>
    public abstract RecordEncoding Encoding { get; }

    /// <summary>Whether <see cref="WriteHeartbeat"/> writes anything.</summary>
    public virtual bool HasHeartbeat => false;

    /// <summary>
    /// Whether compressing pays. Not where records are a few bytes that leave one by one: each flush of a compressor
    /// costs about as much as it saves.
    /// </summary>
    public virtual bool IsWorthCompressing => true;

    /// <summary>Where <see cref="WriteCheckpoint"/> is called for.</summary>
    public virtual CheckpointPlace Checkpoints => CheckpointPlace.None;

    /// <summary>Writes what stands before the first record, once the source knows its columns.</summary>
    public virtual void WriteStart(ByteWriter output, StreamSchema schema)
    {
    }

    /// <summary>Writes what stands before a record.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="index">The record's number in this response, from 0.</param>
    public virtual void WriteRecordStart(ByteWriter output, long index)
    {
    }

    /// <summary>Writes what stands after a record.</summary>
    public virtual void WriteRecordEnd(ByteWriter output)
    {
    }

    /// <summary>Writes what keeps a record that broke off apart from the error that follows it, so that no reader takes either for the other.</summary>
    public virtual void WriteRecordCut(ByteWriter output)
    {
        ArgumentNullException.ThrowIfNull(output);
        output.Write((byte)'\n');
    }

    /// <summary>Writes a sign of life that is no record: between records, before the start, never inside a record.</summary>
    public virtual void WriteHeartbeat(ByteWriter output, DateTimeOffset now)
    {
    }

    /// <summary>Writes why the stream fails, where the format can say it. Nothing follows.</summary>
    public virtual void WriteError(ByteWriter output, Problem problem)
    {
    }

    /// <summary>Writes the token by which a client goes on after the record that was written last.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="token">In ASCII, without white space.</param>
    public virtual void WriteCheckpoint(ByteWriter output, ReadOnlySpan<byte> token)
    {
    }

    /// <summary>Writes what stands after the last record of a response that ends as it should. Nothing follows.</summary>
    public virtual void WriteEnd(ByteWriter output, StreamEnd summary)
    {
    }
}

/// <summary>Where a format has its checkpoints.</summary>
public enum CheckpointPlace
{
    /// <summary>It has none.</summary>
    None,

    /// <summary>Before the end of each record: its reader takes records one by one.</summary>
    InEachRecord,

    /// <summary>After the last record of whatever leaves at once.</summary>
    BeforeEachFlush,
}

/// <summary>What the end of a response says.</summary>
/// <param name="Rows">How many records the response had.</param>
/// <param name="Continue">The token by which the rest is to be had, or null if that was all.</param>
public sealed record StreamEnd(
    [property: JsonPropertyName("rows")] long Rows,
    [property: JsonPropertyName("continue")] string? Continue);
