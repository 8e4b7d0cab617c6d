using System.Globalization;
using ChunkStream.Problems;
using Npgsql;

namespace ChunkStream.Postgres.Failures;

/// <summary>
/// What SQL says to the client by RAISE, for query files that declare <c>-- errors: shown</c>. Codes of the form PTnnn choose an
/// HTTP status, as PostgREST has them.
/// </summary>
internal static class RaisedProblem
{
    private const int MostCharacters = 2000;

    /// <summary>The problem, or null where the failure is none that was raised for a client.</summary>
    public static Problem? Of(Exception failure)
        => failure is PostgresException raised && StatusOf(raised.SqlState) is { } status
            ? Problem.Raised(status, BoundedText.Cut(raised.MessageText, MostCharacters), raised.Hint is { } hint ? BoundedText.Cut(hint, MostCharacters) : null)
            : null;

    private static int? StatusOf(string sqlState) => sqlState switch
    {
        PostgresErrorCodes.RaiseException => 400,
        ['P', 'T', .. var digits] when int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var status) && status is >= 400 and <= 599 => status,
        _ => null,
    };
}
