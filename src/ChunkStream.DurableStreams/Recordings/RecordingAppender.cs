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
/// <param name="window">Has what is to be stored.</param>
/// <param name="appends">Sends the appends to the database.</param>
/// <param name="options">For how long to try again.</param>
/// <param name="time">The clock that measures that.</param>
/// <param name="log">Logs that the database does not take it.</param>
internal sealed class RecordingAppender(
    RecordableGenerator generator,
    RecordingWindow window,
    AppendQueue appends,
    DurableStreamOptions options,
    TimeProvider time,
    RecordingLog log)
{
    // By this producer a repeated append is told from a new one. A stream has only one recorder, and no client can
    // pretend to be it.
    private static readonly string Producer = $"{ProducerPosition.Separator}recorder";

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

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
                new ProducerPosition(Producer, 0, number))).ConfigureAwait(false);

            // Whoever may append to streams may append to this one, too. Its items then are not at the places that
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
                if (result.Status is not (AppendStatus.Appended or AppendStatus.Duplicate))
                    throw new ProblemException(Refusal(result.Status));
                return result.Tail;
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

    // Why the stream does not take what was recorded.
    private static Problem Refusal(AppendStatus status) => status switch
    {
        AppendStatus.StreamFull => DurableProblems.RecordingFull,
        AppendStatus.Closed => DurableProblems.RecordingClosed,
        _ => DurableProblems.RecordingDeleted,
    };

    // Whether another try may succeed: the problems for which that is so say when.
    private static bool MayPass(Exception failure) => PostgresFailures.Describe(failure).RetryAfterSeconds is not null;
}
