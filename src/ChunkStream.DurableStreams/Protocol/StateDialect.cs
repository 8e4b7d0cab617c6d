using System.Buffers;
using System.Globalization;
using System.Text;
using ChunkStream.Formats;
using ChunkStream.Http;
using ChunkStream.Postgres.Live;
using ChunkStream.Postgres.Shapes;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>
/// A live query as a durable stream that can only be read, with messages of the protocol's state extension: npm
/// <c>@durable-streams/state</c> makes a collection of it. The stream has no past: who begins is given the rows as they
/// are now.
/// </summary>
internal sealed class StateDialect : ShapeDialect
{
    private const string OffsetName = "offset";
    private const string LiveName = "live";
    private const int PrefixLength = 32;

    private static readonly string[] Names = [OffsetName, LiveName, "cursor", "numbers", "params"];

    private readonly ArrayBufferWriter<byte> _keyBytes = new();
    private readonly byte[] _start;
    private readonly long? _cursor;
    private readonly TimeProvider _time;

    private StateDialect(RequestParameters parameters, string query, TimeProvider time)
    {
        _time = time;
        _start = Encoding.UTF8.GetBytes($"{{\"type\":\"{query}\",\"key\":");
        _cursor = CacheCursor.Parse(parameters.Text("cursor"));
        ExactNumbers = parameters.OneOf("numbers", "plain", "exact") == "exact";
        Wait = parameters.Text(LiveName) switch
        {
            null => ShapeWait.None,
            "long-poll" => ShapeWait.Poll,
            "sse" => ShapeWait.Events,
            _ => Refused(parameters),
        };
        Position = ReadOffset(parameters.Text(OffsetName), parameters);
        if (Wait is not ShapeWait.None && Position is null && !parameters.HasMistakes)
        {
            parameters.Refuse(
                LiveName, $"'{LiveName}' must be left out where '{OffsetName}' is -1: read what there is before.");
        }
    }

    /// <inheritdoc cref="ReadDialect" />
    public static ShapeDialect Read(RequestParameters parameters, string query, TimeProvider time)
        => new StateDialect(parameters, query, time);

    /// <inheritdoc />
    public override IReadOnlyCollection<string> Parameters => Names;

    /// <inheritdoc />
    public override bool ExactNumbers { get; }

    /// <inheritdoc />
    public override string ExposedHeaders { get; } = string.Join(',', ProtocolHeaders.Exposed);

    /// <inheritdoc />
    public override bool TellsUpToDate => Wait is ShapeWait.Events;

    /// <summary>
    /// No: <c>@durable-streams/state</c> (0.3.1) keeps old rows after the message <c>reset</c>. Its client is told by
    /// the status instead.
    /// </summary>
    public override bool TellsMustRefetch => false;

    /// <inheritdoc />
    /// <remarks>As the protocol demands, a later offset is the greater text.</remarks>
    public override string Offset(LivePosition position, ReadOnlySpan<byte> token)
    {
        var (end, running) = position.Snapshot.Place;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{end:D20}_{int.MaxValue - running:D10}_{Encoding.ASCII.GetString(token)}");
    }

    /// <inheritdoc />
    public override void SetHeaders(HttpResponse response, StreamSchema schema, string offset)
    {
        if (Wait is ShapeWait.Events)
            return;
        response.Headers[ProtocolHeaders.NextOffset] = offset;
        response.Headers[ProtocolHeaders.UpToDate] = ProtocolHeaders.True;
        if (Wait is ShapeWait.Poll)
            response.Headers[ProtocolHeaders.Cursor] = NextCursor();
    }

    /// <inheritdoc />
    public override IResult Refuse(Problem problem)
        => new ProblemResult(problem.Slug == ShapeProblems.MustRefetch.Slug
            ? problem with { Status = StatusCodes.Status410Gone }
            : problem);

    /// <inheritdoc />
    public override void WriteChange(
        ByteWriter output, RecordKind kind, ReadOnlySpan<byte> json, ReadOnlySpan<Range> key)
    {
        output.Write(Wait is ShapeWait.Events ? "event: data\ndata:["u8 : []);
        output.Write(_start);
        WriteKey(output, json, key);
        if (kind is RecordKind.Delete)
        {
            output.Write(",\"headers\":{\"operation\":\"delete\"}}"u8);
        }
        else
        {
            // Of a row that a collection has, it makes an update.
            output.Write(",\"value\":"u8);
            output.Write(json);
            output.Write(",\"headers\":{\"operation\":\"insert\"}}"u8);
        }

        output.Write(Wait is ShapeWait.Events ? "]\n\n"u8 : []);
    }

    /// <inheritdoc />
    /// <remarks>The offset leads to 410. As the protocol demands, it sorts before that of the next position.</remarks>
    public override void WritePlaceLost(ByteWriter output, LivePosition next)
    {
        if (Wait is not ShapeWait.Events)
            return;
        WriteControl(output, Offset(next, "-"u8));
        output.Write("\"}\n\n"u8);
    }

    /// <inheritdoc />
    public override void WriteUpToDate(ByteWriter output, LivePosition position, string offset)
    {
        WriteControl(output, offset);
        output.Write("\",\"upToDate\":true}\n\n"u8);
    }

    /// <inheritdoc />
    public override void WriteMustRefetch(ByteWriter output) => throw new NotSupportedException();

    private static ShapeWait Refused(RequestParameters parameters)
    {
        parameters.Refuse(LiveName, $"'{LiveName}' must be long-poll or sse.");
        return ShapeWait.None;
    }

    private static string? ReadOffset(string? offset, RequestParameters parameters)
    {
        if (offset is null or "-1")
            return null;
        if (offset.Length > PrefixLength && offset[PrefixLength - 1] == '_')
            return offset[PrefixLength..];
        parameters.Refuse(
            OffsetName, $"'{OffsetName}' must be -1 for the beginning, or a Stream-Next-Offset that this server gave.");
        return null;
    }

    // As publish_changes() has it: the text of the column, and of several columns their JSON array.
    private void WriteKey(ByteWriter output, ReadOnlySpan<byte> json, ReadOnlySpan<Range> key)
    {
        if (key.Length == 1 && json[key[0]] is [(byte)'"', ..] text)
        {
            output.Write(text);
            return;
        }

        _keyBytes.ResetWrittenCount();
        var isArray = key.Length > 1;
        for (var index = 0; index < key.Length; index++)
        {
            _keyBytes.Write(!isArray ? [] : index == 0 ? "["u8 : ", "u8);
            _keyBytes.Write(json[key[index]]);
        }

        _keyBytes.Write(isArray ? "]"u8 : []);
        JsonText.WriteString(output, _keyBytes.WrittenSpan);
    }

    private void WriteControl(ByteWriter output, string offset)
    {
        output.Write("event: control\ndata:{\"streamNextOffset\":\""u8);
        output.Write(offset.AsSpan());
        output.Write("\",\"streamCursor\":\""u8);
        output.Write(NextCursor().AsSpan());
    }

    private string NextCursor()
        => CacheCursor.Next(_cursor, _time.GetUtcNow()).ToString(CultureInfo.InvariantCulture);
}
