using System.Text;

namespace ChunkStream.Postgres.Live;

/// <summary>
/// From the position that a reader has, it can't be said what changed since: the rows have to be read anew.
/// </summary>
/// <param name="reason">Why, in one word that clients can tell apart: letters and dashes.</param>
internal sealed class MustRefetchException(string reason) : Exception($"The rows must be read anew: {reason}.")
{
    /// <summary>A query that is run as a whole gives something else than at the position.</summary>
    public const string Rerun = "rerun";

    /// <summary>Why, in one word.</summary>
    public string Reason { get; } = reason;

    /// <summary>The reason as JSON.</summary>
    public byte[] Json => Encoding.ASCII.GetBytes($"\"{Reason}\"");
}
