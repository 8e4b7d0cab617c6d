using ChunkStream.Formats;

namespace ChunkStream.Postgres.Live;

/// <summary>What changed in the result of a query from one position to another.</summary>
/// <param name="To">The position after it.</param>
/// <param name="Schema">The columns; null where nothing has changed, and nobody asked for them.</param>
/// <param name="Changes">
/// The changes, held for the caller: first the keys that are not there any more, then the rows that are there. Apart
/// from that their order means nothing. Null where nothing has changed.
/// </param>
internal sealed record StepResult(LivePosition To, StreamSchema? Schema, LiveBatch? Changes);
