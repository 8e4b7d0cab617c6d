using System.Data.Common;

namespace ChunkStream.Problems;

/// <summary>Why something failed, in the log: where it is known what is wrong, a sentence says more than a stack trace.</summary>
internal static class Cause
{
    private const int Length = 500;

    /// <summary>": this: because of that"; empty where there is nothing to say.</summary>
    // First lines only: what stands below, in those of Npgsql, are places in the statement. They may quote what a client gave.
    public static string Describe(Exception? failure) => failure is null or OperationCanceledException
        ? ""
        : $": {BoundedText.Line(failure.Message.Split('\n')[0].TrimEnd(), Length)}{Describe(failure.InnerException)}";

    /// <summary>A failure as the log has it: what the database says, and what we say ourselves, as a sentence; all else with its stack.</summary>
    /// <param name="failure">What failed.</param>
    /// <param name="isExpected">Whether somebody has thought of it, and found out what it is.</param>
    /// <returns>What <see cref="Describe"/> gives, or the exception: the other one is empty.</returns>
    public static (string Sentence, Exception? Unexpected) ForLog(Exception? failure, bool isExpected = false)
        => isExpected || failure is DbException or ProblemException ? (Describe(failure), null) : ("", failure);
}
