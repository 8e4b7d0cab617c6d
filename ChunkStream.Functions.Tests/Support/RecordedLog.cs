using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>Keeps what was logged, for tests that ask what an operator would read.</summary>
internal sealed class RecordedLog : ILoggerProvider
{
    private readonly ConcurrentQueue<Entry> _entries = new();

    public IReadOnlyCollection<Entry> Entries => _entries;

    /// <summary>Takes the entries that were logged since the last call.</summary>
    public IEnumerable<Entry> Take()
    {
        while (_entries.TryDequeue(out var entry))
            yield return entry;
    }

    /// <summary>Waits for the one line that each stream ends with.</summary>
    public Task<Entry> StreamEndedAsync()
        => FindAsync(entry => entry.Event.Name == "StreamEnded", "a stream has ended");

    /// <summary>
    /// Waits for an entry. A server may log what it did only after its client has seen it, so a test must not look at
    /// once.
    /// </summary>
    public async Task<Entry> FindAsync(Predicate<Entry> isMeant, string what)
    {
        var found = (Entry?)null;
        await Bounded.Until(
            () => Task.FromResult((found = _entries.FirstOrDefault(entry => isMeant(entry))) is not null), what);
        return found!;
    }

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
    }

    public sealed record Entry(string Category, LogLevel Level, EventId Event, string Message, Exception? Exception);

    private sealed class Logger(RecordedLog log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        // The filters of the app's logging decide, which leave out what is below Information unless a setting says so.
        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            // Kestrel warns of it when the machine was busy for a second, whatever the test does.
            if (eventId.Name != "HeartbeatSlow")
                log._entries.Enqueue(new Entry(category, logLevel, eventId, formatter(state, exception), exception));
        }
    }
}
