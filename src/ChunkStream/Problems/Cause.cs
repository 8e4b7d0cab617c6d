using System.Data.Common;

namespace ChunkStream.Problems;

/// <summary>
/// Says in the log why something failed. For a known failure a sentence says more than a stack trace.
/// </summary>
internal static class Cause
{
    private const int Length = 500;

    /// <summary>
    /// The messages of a failure and of its causes, each after a colon, as in <c>": this: because of that"</c>. Empty
    /// for no failure, and for a cancellation.
    /// </summary>
    // Only the first line of each: Npgsql's messages go on with places in the statement. They may quote what a client
    // sent.
    public static string Describe(Exception? failure) => failure is null or OperationCanceledException
        ? ""
        : $": {BoundedText.Line(failure.Message.Split('\n')[0].TrimEnd(), Length)}{Describe(failure.InnerException)}";

    /// <summary>
    /// Describes a failure for the log: as a sentence if it is the database's or one of our own, else by the exception,
    /// with its stack trace.
    /// </summary>
    /// <param name="failure">The failure, or null for none.</param>
    /// <param name="isExpected">Whether the caller knows the failure, so that a sentence is enough.</param>
    /// <returns>What <see cref="Describe"/> gives, or the exception; the other one is empty.</returns>
    public static (string Sentence, Exception? Unexpected) ForLog(Exception? failure, bool isExpected = false)
        => isExpected || failure is DbException or ProblemException ? (Describe(failure), null) : ("", failure);
}
