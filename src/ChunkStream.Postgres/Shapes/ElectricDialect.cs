using System.Globalization;
using System.Text;
using ChunkStream.Formats;
using ChunkStream.Http;
using ChunkStream.Postgres.Live;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Postgres.Shapes;

/// <summary>
/// The HTTP protocol of Electric, as its clients speak it (npm <c>@electric-sql/client</c>). All values are texts,
/// whose types the header <c>electric-schema</c> names. What is followed is the query of the URL, never a table that
/// the client names.
/// </summary>
internal sealed class ElectricDialect : ShapeDialect
{
    private const string OffsetName = "offset";
    private const string HandleName = "handle";
    private const string ExpiredName = "expired_handle";
    private const string Live = "live";
    private const string Table = "table";

    private static readonly string[] SseNames = ["live_sse", "experimental_live_sse"];

    // What a client may ask of a table, but not of a query.
    private static readonly string[] OfTables =
    [
        "where", "columns", "subset__where", "subset__params", "subset__limit", "subset__offset", "subset__order_by",
        "subset__where_expr", "subset__order_by_expr",
    ];

    private static readonly string[] Names =
    [
        OffsetName, HandleName, ExpiredName, Live, .. SseNames, "cursor", "cache-buster", "log", "replica", Table,
        "params", .. OfTables,
    ];

    private readonly byte[] _keyStart;
    private readonly string? _expired;
    private readonly string? _offset;
    private readonly long? _cursor;
    private readonly TimeProvider _time;
    private string? _handle;

    private ElectricDialect(RequestParameters parameters, string query, TimeProvider time)
    {
        _time = time;
        _keyStart = Encoding.UTF8.GetBytes($"\\\"{query}\\\"");
        _handle = ElectricHandle.Read(parameters, HandleName);
        _expired = ElectricHandle.Read(parameters, ExpiredName);
        _cursor = CacheCursor.Parse(parameters.Text("cursor"));
        parameters.Know("cache-buster");
        parameters.OneOf("replica", "default", "full");
        var isLive = parameters.OneOf(Live, "false", "true") == "true";
        string[] isSse = [.. SseNames.Select(name => parameters.OneOf(name, "false", "true"))];
        Wait = !isLive ? ShapeWait.None : isSse.Contains("true") ? ShapeWait.Events : ShapeWait.Poll;
        _offset = parameters.Text(OffsetName);
        Position = ReadOffset(_offset, parameters);
        if (isLive && Position is null && !parameters.HasMistakes)
        {
            parameters.Refuse(
                Live, $"'{Live}' can't be true where '{OffsetName}' is -1: there is nothing yet to follow.");
        }

        RefuseTables(parameters, query);
    }

    /// <summary>The headers of responses.</summary>
    public static IReadOnlyList<string> Headers { get; } =
        ["electric-handle", "electric-offset", "electric-schema", "electric-cursor", "electric-up-to-date"];

    /// <inheritdoc cref="ReadDialect" />
    public static ShapeDialect Read(RequestParameters parameters, string query, TimeProvider time)
        => new ElectricDialect(parameters, query, time);

    /// <inheritdoc />
    public override IReadOnlyCollection<string> Parameters => Names;

    /// <inheritdoc />
    public override bool GivesTexts => true;

    /// <inheritdoc />
    public override string ExposedHeaders { get; } = string.Join(',', [.. Headers, "Retry-After"]);

    /// <inheritdoc />
    public override bool TellsUpToDate => true;

    /// <inheritdoc />
    public override string Offset(LivePosition position, ReadOnlySpan<byte> token)
        => $"{ElectricOffset.Number(token)}_0";

    /// <inheritdoc />
    public override void Identify(ReadOnlySpan<byte> fingerprint)
    {
        _handle ??= ElectricHandle.Create(fingerprint);
        if (_handle == _expired)
            _handle = ElectricHandle.CreateFresh();
    }

    /// <inheritdoc />
    public override void SetHeaders(HttpResponse response, StreamSchema schema, string offset)
    {
        var headers = response.Headers;
        headers["electric-handle"] = _handle;

        // A client takes the offset with the headers. Of events it has nothing yet, and goes on from the offset that it
        // gave if the response breaks now; of another answer it reads the body before.
        headers["electric-offset"] = Wait is ShapeWait.Events ? _offset : offset;
        headers["electric-schema"] = ElectricSchema.Write(schema);
        if (Wait is not ShapeWait.Events)
            headers["electric-up-to-date"] = "true";
        if (Wait is not ShapeWait.None)
        {
            var cursor = CacheCursor.Next(_cursor, _time.GetUtcNow());
            headers["electric-cursor"] = cursor.ToString(CultureInfo.InvariantCulture);
        }
    }

    /// <inheritdoc />
    public override IResult Refuse(Problem problem)
        => problem.Slug == ShapeProblems.MustRefetch.Slug ? new ElectricMustRefetch() : new ProblemResult(problem);

    /// <inheritdoc />
    public override void WriteChange(
        ByteWriter output, RecordKind kind, ReadOnlySpan<byte> json, ReadOnlySpan<Range> key)
    {
        WriteStart(output);
        output.Write("{\"key\":\""u8);
        output.Write(_keyStart);
        foreach (var part in key)
            WriteKey(output, json[part][1..^1]);
        output.Write("\",\"value\":"u8);
        output.Write(json);

        // An insertion of a row that the client has takes the place of that row, for all of Electric's clients; and
        // they pass over an update of a row that they don't have. We don't know what they have.
        output.Write(kind is RecordKind.Delete
            ? ",\"headers\":{\"operation\":\"delete\"}}"u8
            : ",\"headers\":{\"operation\":\"insert\"}}"u8);
        WriteEnd(output);
    }

    /// <inheritdoc />
    public override void WriteUpToDate(ByteWriter output, LivePosition position, string offset)
    {
        // A client that waits for its own transaction sees in the snapshot that it is there.
        if (ElectricSnapshot.Write(position) is { } snapshot)
        {
            WriteStart(output);
            output.Write(snapshot);
            WriteEnd(output);
            if (Wait is not ShapeWait.Events)
                output.Write(",\n"u8);
        }

        WriteStart(output);
        output.Write("{\"headers\":{\"control\":\"up-to-date\",\"global_last_seen_lsn\":\""u8);
        output.Write(offset.AsSpan()[..offset.IndexOf('_', StringComparison.Ordinal)]);
        output.Write("\"}}"u8);
        WriteEnd(output);
    }

    /// <inheritdoc />
    public override void WriteMustRefetch(ByteWriter output)
    {
        WriteStart(output);
        output.Write(ElectricMustRefetch.Message);
        WriteEnd(output);
    }

    private static string? ReadOffset(string? offset, RequestParameters parameters)
    {
        if (offset == "-1")
            return null;
        if (offset is not null && ElectricOffset.Token(offset) is { } token)
            return token;
        parameters.Refuse(OffsetName,
            $"'{OffsetName}' must be -1 for the beginning, or an electric-offset that this server gave.");
        return null;
    }

    private static void RefuseTables(RequestParameters parameters, string query)
    {
        if (parameters.Text("log") is not (null or "full"))
        {
            parameters.Refuse(
                "log", "'log' must be full: there are no snapshots of parts of a query (syncMode 'eager').");
        }

        if (parameters.Text(Table) is { } table && table != query)
        {
            parameters.Refuse(Table,
                $"'{Table}' must be left out, or be the query's name, '{query}': the URL says what is followed.");
        }

        foreach (var name in OfTables)
        {
            if (parameters.Text(name) is not null)
            {
                parameters.Refuse(name,
                    $"'{name}' must be left out: the query's file says which rows and columns there are. Give its "
                    + "parameters as params[name].");
            }
        }
    }

    // The slashes within a value are doubled, so that no two keys have the same text.
    private static void WriteKey(ByteWriter output, ReadOnlySpan<byte> value)
    {
        output.Write("/\\\""u8);
        for (var at = value.IndexOf((byte)'/'); at >= 0; at = value.IndexOf((byte)'/'))
        {
            output.Write(value[..at]);
            output.Write("//"u8);
            value = value[(at + 1)..];
        }

        output.Write(value);
        output.Write("\\\""u8);
    }

    private void WriteStart(ByteWriter output) => output.Write(Wait is ShapeWait.Events ? "data: "u8 : []);

    private void WriteEnd(ByteWriter output) => output.Write(Wait is ShapeWait.Events ? "\n\n"u8 : []);
}
