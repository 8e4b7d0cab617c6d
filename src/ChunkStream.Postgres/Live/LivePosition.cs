using System.Text;

namespace ChunkStream.Postgres.Live;

/// <summary>
/// Where the reader of a live query is: whoever is there has the result as a snapshot of the database shows it.
/// </summary>
/// <param name="Snapshot">The snapshot.</param>
/// <param name="Generations">
/// The watches with their generations, as <c>id.generation,…</c>: with others, changes may have been missed.
/// </param>
internal sealed record LivePosition(LiveSnapshot Snapshot, string Generations)
{
    /// <summary>The place of a reader that has nothing that is good: from it, the rows come anew.</summary>
    public static LivePosition Unknown { get; } = new(new LiveSnapshot("1:1:"), "");

    /// <summary>Both in one text, in ASCII.</summary>
    public byte[] Ascii => Encoding.ASCII.GetBytes(ToString());

    /// <summary>Both in one text.</summary>
    public override string ToString() => $"{Snapshot.Text}/{Generations}";

    /// <summary>Reads the text; null if it is none.</summary>
    public static LivePosition? Parse(string text)
        => text.Split('/') is [var snapshot, var generations]
            ? new LivePosition(new LiveSnapshot(snapshot), generations)
            : null;

    /// <summary>Whether its snapshot shows all that another one's does, and more.</summary>
    public bool IsAfter(LivePosition other) => Snapshot.IsAfter(other.Snapshot);
}
