using System.Text.Json.Serialization;
using ChunkStream.Problems;

namespace ChunkStream.Formats;

/// <summary>
/// A format of a streamed body: its names, and the bytes around the records. A format is stateless and synchronous; it
/// writes, but never flushes and never sees HTTP. <c>docs/formats.md</c> specifies what each call writes.
/// </summary>
public abstract class StreamFormat
{
    /// <summary>The format's name, as <c>?format=</c> takes it.</summary>
    public abstract string Name { get; }

    /// <summary>
    /// The value of the Content-Type header. It names the charset, UTF-8, unless the media type allows no other.
    /// </summary>
    public abstract string ContentType { get; }

    /// <summary>
    /// Other media types that are in use for the same bytes. A client that asks for one of them gets it as
    /// Content-Type.
    /// </summary>
    public virtual IReadOnlyList<string> OtherMediaTypes => [];

    /// <summary>The extension of a file of this format, without the dot.</summary>
    public virtual string FileExtension => "txt";

    /// <summary>How the records in this format are written.</summary>
    public abstract RecordEncoding Encoding { get; }

    /// <summary>Whether <see cref="WriteHeartbeat"/> writes anything.</summary>
    public virtual bool HasHeartbeat => false;

    /// <summary>
    /// Whether the body is compressed for clients that accept it. That does not pay if records are a few bytes each and
    /// leave one by one: each flush of a compressor then costs about as much as it saves.
    /// </summary>
    public virtual bool IsWorthCompressing => true;

    /// <summary>Where the pump calls <see cref="WriteCheckpoint"/>.</summary>
    public virtual CheckpointPlace Checkpoints => CheckpointPlace.None;

    /// <summary>Writes what comes before the first record. It is called once the source knows its columns.</summary>
    /// <param name="output">Takes the bytes.</param>
    /// <param name="schema">The columns of the records.</param>
    public virtual void WriteStart(ByteWriter output, StreamSchema schema)
    {
    }

    /// <summary>Writes what comes before a record.</summary>
    /// <param name="output">Takes the bytes.</param>
    /// <param name="index">The record's number in this response, from 0.</param>
    public virtual void WriteRecordStart(ByteWriter output, long index)
    {
    }

    /// <summary>Writes what comes before a record of a stream whose records are not all rows.</summary>
    /// <param name="output">Takes the bytes.</param>
    /// <param name="index">The record's number in this response, from 0.</param>
    /// <param name="kind">What the record is.</param>
    internal virtual void WriteRecordStart(ByteWriter output, long index, RecordKind kind)
        => WriteRecordStart(output, index);

    /// <summary>Writes what comes after a record.</summary>
    /// <param name="output">Takes the bytes.</param>
    public virtual void WriteRecordEnd(ByteWriter output)
    {
    }

    /// <summary>
    /// Ends a record that was written in part, so that no reader takes it for a whole one, or takes the error that
    /// follows for a part of it.
    /// </summary>
    /// <param name="output">Takes the bytes.</param>
    public virtual void WriteRecordCut(ByteWriter output)
    {
        ArgumentNullException.ThrowIfNull(output);
        output.Write((byte)'\n');
    }

    /// <summary>
    /// Writes a sign of life that is not a record. It is called before the start or between two records, never inside
    /// one.
    /// </summary>
    /// <param name="output">Takes the bytes.</param>
    /// <param name="now">The time of the heartbeat.</param>
    public virtual void WriteHeartbeat(ByteWriter output, DateTimeOffset now)
    {
    }

    /// <summary>Writes why the stream fails, if the format can say it. Nothing follows.</summary>
    /// <param name="output">Takes the bytes.</param>
    /// <param name="problem">What the client is told.</param>
    public virtual void WriteError(ByteWriter output, Problem problem)
    {
    }

    /// <summary>Writes the token with which a client resumes after the last written record.</summary>
    /// <param name="output">Takes the bytes.</param>
    /// <param name="token">The token, in ASCII and without white space.</param>
    public virtual void WriteCheckpoint(ByteWriter output, ReadOnlySpan<byte> token)
    {
    }

    /// <summary>Writes what comes after the last record of a response that ends cleanly. Nothing follows.</summary>
    /// <param name="output">Takes the bytes.</param>
    /// <param name="summary">What the end says.</param>
    public virtual void WriteEnd(ByteWriter output, StreamEnd summary)
    {
    }
}

/// <summary>Where a format writes checkpoints.</summary>
public enum CheckpointPlace
{
    /// <summary>The format has no checkpoints.</summary>
    None,

    /// <summary>In each record, before its end.</summary>
    InEachRecord,

    /// <summary>Before each flush, after the last record in it.</summary>
    BeforeEachFlush,
}

/// <summary>What the end of a response says.</summary>
/// <param name="Rows">How many records this response had.</param>
/// <param name="Continue">The continuation: the token that gets the rest; null if there is no more.</param>
public sealed record StreamEnd(
    [property: JsonPropertyName("rows")] long Rows,
    [property: JsonPropertyName("continue")] string? Continue);
