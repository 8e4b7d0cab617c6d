using ChunkStream.Problems;
using Npgsql;

namespace ChunkStream.Postgres.Failures;

/// <summary>
/// What SQL says to the client by RAISE, for query files that declare <c>-- errors: shown</c>. Codes of the form PTnnn
/// choose an HTTP status, as PostgREST has them.
/// </summary>
internal static class RaisedProblem
{
    private const int MostCharacters = 2000;

    /// <summary>The problem, or null if the failure was not raised for a client.</summary>
    public static Problem? Describe(Exception failure)
        => failure is PostgresException raised && raised.RaisedStatus() is { } status
            ? Problem.Raised(status, Shortened(raised.MessageText), raised.Hint is { } hint ? Shortened(hint) : null)
            : null;

    private static string Shortened(string text) => BoundedText.Cut(text, MostCharacters);
}
