using System.Buffers;
using ChunkStream.Formats;
using ChunkStream.Postgres.Live;
using ChunkStream.Postgres.Resuming;
using ChunkStream.Problems;
using ChunkStream.Streaming;

namespace ChunkStream.Postgres.Shapes;

/// <summary>The messages of a shape: what a live query tells, in the words of its client's protocol.</summary>
/// <param name="query">The live query.</param>
/// <param name="key">The names of its key's columns.</param>
/// <param name="tokens">Makes the tokens of positions.</param>
/// <param name="dialect">What the request asks for.</param>
/// <param name="begin">
/// Called once, before the response begins: with the columns, and the offset that the client has in the end.
/// </param>
internal sealed class ShapeSource(
    LiveQuerySource query,
    IReadOnlyList<string> key,
    ResumeTokens tokens,
    ShapeDialect dialect,
    Action<StreamSchema, string> begin) : StreamSource
{
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private ByteWriter? _record;
    private RowKey? _key;
    private bool _hasBegun;

    // Whether the query stands at a record that was not written yet.
    private bool _isAtRecord;

    /// <inheritdoc />
    public override StreamSchema Schema => query.Schema;

    /// <summary>
    /// What was sent last. A response of events may end anywhere, because its client goes on from the last position
    /// that it was told; and any other response only where it is complete.
    /// </summary>
    public override ReadOnlySpan<byte> Checkpoint => "any"u8;

    // A body that is no stream of events has its offset in a header, which was sent before the rows came anew. What has
    // changed since that offset still leads to the right rows. But of a query that runs again nobody knows what has
    // changed: if its result is as at that offset again, the client would be told nothing and keep other rows.
    private bool TellsMustRefetch
        => dialect.TellsMustRefetch && (dialect.Wait is ShapeWait.Events || !query.IsRerun);

    /// <inheritdoc />
    public override ValueTask<bool> WaitToReadAsync()
        => _hasBegun ? query.WaitToReadAsync() : new ValueTask<bool>(BeginAsync());

    /// <inheritdoc />
    public override bool TryRead()
    {
        while (_isAtRecord || query.TryRead())
        {
            _isAtRecord = false;
            if (query.Kind is RecordKind.MustRefetch && !TellsMustRefetch)
                throw new ProblemException(ShapeProblems.MustRefetch);
            if (query.Kind is not RecordKind.UpToDate || dialect.TellsUpToDate)
                return true;
            Take();
        }

        return false;
    }

    /// <inheritdoc />
    public override void WriteRecord(ByteWriter output)
    {
        var kind = query.Kind;
        var json = Take();
        switch (kind)
        {
            case RecordKind.UpToDate:
                dialect.WriteUpToDate(output, query.Next, Offset());
                break;
            case RecordKind.MustRefetch:
                dialect.WriteMustRefetch(output);
                break;
            default:
                if (query.LosesPlace)
                    dialect.WritePlaceLost(output, query.Next);
                _key ??= new RowKey(query.Schema, key);
                dialect.WriteChange(output, kind, json, _key.Find(json, kind is RecordKind.Delete));
                break;
        }
    }

    /// <inheritdoc />
    public override Task WaitForReaderAsync(Task reader) => query.WaitForReaderAsync(reader);

    /// <inheritdoc />
    public override Problem Describe(Exception failure) => query.Describe(failure);

    /// <inheritdoc />
    internal override StreamContinuations Continuations => query.Continuations;

    /// <inheritdoc />
    public override ValueTask DisposeAsync() => query.DisposeAsync();

    // A client that has a position must be told by the status if it is no longer good.
    private async Task<bool> BeginAsync()
    {
        query.Span = Span;
        while (await query.WaitToReadAsync().ConfigureAwait(false))
        {
            if (!query.TryRead())
                continue;
            if (query.Kind is not RecordKind.MustRefetch)
            {
                (_isAtRecord, _hasBegun) = (true, true);
                begin(query.Schema, Offset());
                return true;
            }

            if (dialect.Position is not null)
                throw new ProblemException(ShapeProblems.MustRefetch);
            Take();
        }

        throw new InvalidOperationException("A live query ends with an up-to-date at least.");
    }

    private string Offset() => dialect.Offset(query.Next, tokens.Make(query.Next.Ascii, origin: null));

    // The record of the query, which is then behind it.
    private ReadOnlySpan<byte> Take()
    {
        _record ??= new ByteWriter(_bytes);
        _bytes.ResetWrittenCount();
        query.WriteRecord(_record);
        _record.Commit();
        return _bytes.WrittenSpan;
    }
}
