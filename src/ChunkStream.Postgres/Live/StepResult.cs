using ChunkStream.Formats;

namespace ChunkStream.Postgres.Live;

/// <summary>What changed in the result of a query from one position to another.</summary>
/// <param name="To">The position after it.</param>
/// <param name="Schema">The columns; null where nothing has changed, and nobody asked for them.</param>
/// <param name="Changes">
/// The changes: first the keys that are not there any more, then the rows that are there. Apart from that their order
/// means nothing.
/// </param>
/// <param name="Bytes">How many bytes they have.</param>
internal sealed record StepResult(
    LivePosition To, StreamSchema? Schema, IReadOnlyList<LiveChange> Changes, long Bytes);

/// <summary>A change of one row.</summary>
/// <param name="Kind">Whether the row is there, or has gone.</param>
/// <param name="Json">The row, or its key: a JSON object.</param>
internal readonly record struct LiveChange(RecordKind Kind, ReadOnlyMemory<byte> Json);
