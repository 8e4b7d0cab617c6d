using System.Globalization;
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

    /// <summary>
    /// How many polls in a row have ended here without a change. The next one has another token for it, and so another
    /// URL: a cache that answered it with the response of the one before would be asked again at once.
    /// </summary>
    public int Turn { get; init; }

    /// <summary>All of it in one text, in ASCII.</summary>
    public byte[] Ascii => Encoding.ASCII.GetBytes(ToString());

    /// <summary>All of it in one text.</summary>
    public override string ToString()
        => Turn == 0
            ? $"{Snapshot.Compact}/{Generations}"
            : string.Create(CultureInfo.InvariantCulture, $"{Snapshot.Compact}/{Generations}/{Turn}");

    /// <summary>Reads the text; null if it is none.</summary>
    public static LivePosition? Parse(string text)
    {
        var parts = text.Split('/');
        var turn = 0;
        return parts.Length is 2 or 3
            && LiveSnapshot.FromCompact(parts[0]) is { } snapshot
            && (parts.Length == 2
                || int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out turn))
            ? new LivePosition(snapshot, parts[1]) { Turn = turn }
            : null;
    }

    /// <summary>Whether its snapshot shows all that another one's does, and more.</summary>
    public bool IsAfter(LivePosition other) => Snapshot.IsAfter(other.Snapshot);
}
