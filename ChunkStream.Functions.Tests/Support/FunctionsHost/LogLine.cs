namespace ChunkStream.Functions.Tests.Support.FunctionsHost;

/// <summary>A line of the worker's log, or of its console.</summary>
/// <param name="Category">The category, or <see cref="Console"/>.</param>
/// <param name="Level"><c>Information</c>, <c>Error</c> …; empty for the console.</param>
/// <param name="Event">The event's name, or its number where it has no name.</param>
/// <param name="Message">The text.</param>
/// <param name="InvocationId">The invocation in which it was logged; empty where there was none.</param>
/// <param name="Exception">The exception's message and stack, or null.</param>
internal sealed record LogLine(
    string Category, string Level, string Event, string Message, string InvocationId = "", string? Exception = null)
{
    /// <summary>The category of what the worker writes to its console.</summary>
    public const string Console = "console";

    internal static LogLine Create(RpcLog log) => new(
        log.Category,
        log.Level.ToString(),
        log.EventId,
        log.Message,
        log.InvocationId,
        log.Exception is { } exception ? $"{exception.Message}\n{exception.StackTrace}" : null);
}
