using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChunkStream.AzureFunctions;

/// <summary>
/// Writes to the console the log events that may come between invocations, such as those of the check of query files at
/// start, and of a chat's answer that goes on without its readers. The Functions host drops what a worker logs between
/// invocations, but it forwards the console. A line from within an invocation therefore appears twice. All other events
/// are left to the app's own logging.
/// </summary>
[ProviderAlias("ChunkStreamConsole")]
internal sealed class EngineConsole : ILoggerProvider
{
    private static readonly string[] Categories =
        ["ChunkStream.Postgres.", "ChunkStream.DurableStreams.", "ChunkStream.Chat."];

    /// <inheritdoc />
    public ILogger CreateLogger(string categoryName)
        => Categories.Any(category => categoryName.StartsWith(category, StringComparison.Ordinal))
            ? new ConsoleLogger(categoryName)
            : NullLogger.Instance;

    /// <inheritdoc />
    public void Dispose()
    {
    }

    private sealed class ConsoleLogger(string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            var details = exception is null ? "" : $" {exception}";
            Console.WriteLine($"{logLevel}: {category}[{eventId.Id}] {formatter(state, exception)}{details}");
        }
    }
}
