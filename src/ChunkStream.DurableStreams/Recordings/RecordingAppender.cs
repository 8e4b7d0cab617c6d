using System.Buffers;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Postgres.Failures;
using ChunkStream.Problems;
using ChunkStream.Streaming;

namespace ChunkStream.DurableStreams.Recordings;

/// <summary>
/// Appends what was recorded to its stream, batch after batch, and closes the stream when the recording is complete.
/// </summary>
/// <param name="generator">What is recorded.</param>
/// <param name="stream">Where it goes.</param>
/// <param name="window">Has what is to be stored.</param>
/// <param name="appends">Sends the appends to the database.</param>
/// <param name="options">For how long to try again.</param>
/// <param name="time">The clock that measures that.</param>
/// <param name="log">Logs that the database does not take it.</param>
internal sealed class RecordingAppender(
    RecordableGenerator generator,
    DurableStream stream,
    RecordingWindow window,
    AppendQueue appends,
    DurableStreamOptions options,
    TimeProvider time,
    RecordingLog log)
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    // By it a repeated append is told from a new one, and the stream takes appends of nobody else.
    private readonly string _producer = ProducerPosition.Recorder(stream.Id);

    /// <summary>Stores until the recording has ended, and all of it is stored.</summary>
    /// <exception cref="ProblemException">The stream does not take it.</exception>
    public async Task RunAsync()
    {
        for (var number = 0L; ; number++)
        {
            var batch = await window.NextBatchAsync().ConfigureAwait(false);
            var next = batch.Count == 0 ? window.Stored : batch[^1].Next;
            var isEnd = window.IsComplete(next);
            if (batch.Count == 0 && !isEnd)
                return;

            var tail = await AppendAsync(new AppendToStream(
                generator.Path, generator.ContentType, Content(batch), Close: isEnd, Sequence: null,
                new ProducerPosition(_producer, 0, number))).ConfigureAwait(false);

            // Tables that an early build made take appends of others, too. The items then are not at the places that
            // readers were told.
            if (tail != next)
                throw new ProblemException(DurableProblems.RecordingMixed);
            window.HasStored(next);
            if (isEnd)
                return;
        }
    }

    private List<ReadOnlyMemory<byte>> Content(List<RecordingSegment> batch)
    {
        if (generator.IsText)
            return batch.Count == 0 ? [] : [Joined(batch)];
        var messages = new List<ReadOnlyMemory<byte>>();
        batch.ForEach(segment => segment.AddMessagesTo(messages));
        return messages;
    }

    private static ReadOnlyMemory<byte> Joined(List<RecordingSegment> batch)
    {
        if (batch.Count == 1)
            return batch[0].Data;
        var joined = new ArrayBufferWriter<byte>(batch.Sum(segment => segment.Data.Length));
        batch.ForEach(segment => joined.Write(segment.Data.Span));
        return joined.WrittenMemory;
    }

    /// <summary>
    /// Appends, and tries again while the database is away or overloaded, for as long as this recorder is believed
    /// alive.
    /// </summary>
    /// <returns>The stream's end after that.</returns>
    private async Task<long> AppendAsync(AppendToStream append)
    {
        var began = time.GetTimestamp();
        for (var failures = 1; ; failures++)
        {
            try
            {
                var result = await appends.AppendAsync(append, CancellationToken.None).ConfigureAwait(false);
                if (result.Status is AppendStatus.Appended or AppendStatus.Duplicate)
                    return result.Tail;
                throw new ProblemException(result.Status is AppendStatus.StreamFull
                    ? DurableProblems.RecordingFull
                    : DurableProblems.RecordingDeleted);
            }
            catch (Exception e) when (
                MayPass(e) && time.GetElapsedTime(began).TotalSeconds < options.RecorderSeconds)
            {
                if (failures == 1)
                    log.NotStored(generator.Path, e);
                await Task.Delay(Backoff.Compute(failures, LongestPause), time).ConfigureAwait(false);
            }
        }
    }

    // Whether another try may succeed: the problems for which that is so say when.
    private static bool MayPass(Exception failure) => PostgresFailures.Describe(failure).RetryAfterSeconds is not null;
}
