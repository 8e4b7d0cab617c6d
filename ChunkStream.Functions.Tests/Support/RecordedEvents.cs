using System.Collections.Concurrent;
using System.Diagnostics.Tracing;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>Everything that an event source of the process tells, at every level.</summary>
internal sealed class RecordedEvents : EventListener
{
    private readonly string _source;

    /// <param name="source">The name of the source.</param>
    public RecordedEvents(string source)
    {
        _source = source;

        // Sources that are there already were announced before the name was known.
        foreach (var known in EventSource.GetSources())
            Enable(known);
    }

    /// <summary>The texts of the events.</summary>
    public ConcurrentQueue<string> Texts { get; } = new();

    /// <inheritdoc />
    protected override void OnEventSourceCreated(EventSource eventSource) => Enable(eventSource);

    /// <inheritdoc />
    protected override void OnEventWritten(EventWrittenEventArgs eventData)
        => Texts.Enqueue(string.Join(' ', eventData.Payload?.Prepend(eventData.Message) ?? []));

    private void Enable(EventSource source)
    {
        if (source.Name == _source)
            EnableEvents(source, EventLevel.LogAlways);
    }
}
