using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChunkStream.AzureFunctions;

/// <summary>
/// Writes to the console what the engine logs outside of calls, such as the check of query files at start: the Functions
/// host drops such events, and forwards the console. Events of the engine inside of calls are among them, so some lines
/// appear twice. All other events are left to the app's own logging.
/// </summary>
[ProviderAlias("ChunkStreamConsole")]
internal sealed class EngineConsole : ILoggerProvider
{
    private static readonly string[] Categories = ["ChunkStream.Postgres.Queries.", "ChunkStream.DurableStreams."];

    /// <inheritdoc />
    public ILogger CreateLogger(string categoryName)
        => Categories.Any(category => categoryName.StartsWith(category, StringComparison.Ordinal)) ? new Line(categoryName) : NullLogger.Instance;

    /// <inheritdoc />
    public void Dispose()
    {
    }

    private sealed class Line(string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            => Console.WriteLine($"{logLevel}: {category}[{eventId.Id}] {formatter(state, exception)}{(exception is null ? "" : $" {exception}")}");
    }
}
