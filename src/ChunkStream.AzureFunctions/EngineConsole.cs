using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChunkStream.AzureFunctions;

/// <summary>
/// Writes the engine's log events to the console. The Functions host drops what a worker logs between invocations, such
/// as the check of query files at start, but it forwards the console, so some lines appear twice. All other events are
/// left to the app's own logging.
/// </summary>
[ProviderAlias("ChunkStreamConsole")]
internal sealed class EngineConsole : ILoggerProvider
{
    private static readonly string[] Categories = ["ChunkStream.Postgres.Queries.", "ChunkStream.DurableStreams."];

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
