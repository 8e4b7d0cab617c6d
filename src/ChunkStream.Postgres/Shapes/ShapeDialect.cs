using ChunkStream.Formats;
using ChunkStream.Http;
using ChunkStream.Postgres.Live;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Postgres.Shapes;

/// <summary>
/// What one request asks of a shape, in the protocol of its client, and how the answer is written in it.
/// </summary>
internal abstract class ShapeDialect
{
    /// <summary>
    /// The query parameters of the protocol. A parameter of a query that has the name of one of them can't be given by
    /// its name alone.
    /// </summary>
    public abstract IReadOnlyCollection<string> Parameters { get; }

    /// <summary>
    /// The token of the position that the client has; null if it has none. It may be no token of ours.
    /// </summary>
    public string? Position { get; protected init; }

    /// <summary>What the client wants once it has what there is.</summary>
    public ShapeWait Wait { get; protected init; }

    /// <summary>Whether all values of a row are texts.</summary>
    public virtual bool GivesTexts => false;

    /// <summary>Whether int8 and numeric are texts in rows whose other numbers are not.</summary>
    public virtual bool ExactNumbers => false;

    /// <summary>The response headers that a page of another origin may read.</summary>
    public abstract string ExposedHeaders { get; }

    /// <summary>The format of the answer.</summary>
    public StreamFormat Format => Wait is ShapeWait.Events ? EventsFormat.Instance : StreamFormats.Json;

    /// <summary>Whether a message says that the client is up to date.</summary>
    public abstract bool TellsUpToDate { get; }

    /// <summary>
    /// Whether a message says that all rows follow anew. Else the response breaks, and the status of the next one says
    /// so.
    /// </summary>
    public virtual bool TellsMustRefetch => true;

    /// <summary>Says what is followed, before anything is written.</summary>
    /// <param name="fingerprint">Tells apart queries, their parameters and their callers.</param>
    public virtual void Identify(ReadOnlySpan<byte> fingerprint)
    {
    }

    /// <summary>Writes a position as the protocol has it.</summary>
    /// <param name="position">The position.</param>
    /// <param name="token">Its token.</param>
    public abstract string Offset(LivePosition position, ReadOnlySpan<byte> token);

    /// <summary>Sets the headers of an answer that has rows or changes.</summary>
    /// <param name="response">The response.</param>
    /// <param name="schema">The columns.</param>
    /// <param name="offset">Where the client is when it has the whole of the answer.</param>
    public abstract void SetHeaders(HttpResponse response, StreamSchema schema, string offset);

    /// <summary>How the client is told of a problem.</summary>
    public abstract IResult Refuse(Problem problem);

    /// <summary>Writes a row that is there, or has gone.</summary>
    /// <param name="output">Takes the bytes.</param>
    /// <param name="kind">Whether it has gone.</param>
    /// <param name="json">The row, or its key: a JSON object.</param>
    /// <param name="key">The places of the key's values in it.</param>
    public abstract void WriteChange(
        ByteWriter output, RecordKind kind, ReadOnlySpan<byte> json, ReadOnlySpan<Range> key);

    /// <summary>
    /// Writes, before the first of some changes, an offset with which a client that is cut among them begins anew. Not
    /// for a protocol whose clients apply changes only once they have all of them.
    /// </summary>
    /// <param name="output">Takes the bytes.</param>
    /// <param name="next">The position after the changes.</param>
    public virtual void WritePlaceLost(ByteWriter output, LivePosition next)
    {
    }

    /// <summary>Writes that the client has the result as it was at a position.</summary>
    /// <param name="output">Takes the bytes.</param>
    /// <param name="position">The position.</param>
    /// <param name="offset">The position as the protocol has it.</param>
    public abstract void WriteUpToDate(ByteWriter output, LivePosition position, string offset);

    /// <summary>Writes that what the client has is no longer good, and all rows follow.</summary>
    /// <param name="output">Takes the bytes.</param>
    public abstract void WriteMustRefetch(ByteWriter output);
}

/// <summary>What a client wants once it has all that there is.</summary>
internal enum ShapeWait
{
    /// <summary>The response ends.</summary>
    None,

    /// <summary>The response waits for a change, and ends with it.</summary>
    Poll,

    /// <summary>The response goes on with whatever changes, as server-sent events.</summary>
    Events,
}

/// <summary>Reads a protocol's part of a request. Mistakes are added to <paramref name="parameters"/>.</summary>
/// <param name="parameters">The query string.</param>
/// <param name="query">The query's name.</param>
/// <param name="time">The clock.</param>
internal delegate ShapeDialect ReadDialect(RequestParameters parameters, string query, TimeProvider time);
