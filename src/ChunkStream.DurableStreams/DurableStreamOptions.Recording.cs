using System.ComponentModel.DataAnnotations;

namespace ChunkStream.DurableStreams;

/// <content>Recordings of generators.</content>
public sealed partial class DurableStreamOptions
{
    /// <summary>
    /// Whether <c>?record=</c> of <c>/stream</c> and <c>/json-stream</c> lets everyone record, and read what was
    /// recorded there. Default no (in the local host on this machine alone: yes): these endpoints ask for no key, and
    /// recordings fill the database.
    /// </summary>
    public bool PublicRecording { get; set; }

    /// <summary>
    /// How many recordings each endpoint keeps at a time that everyone may make (<see cref="PublicRecording"/>); others
    /// get 503. 1–100,000, default 100: with <see cref="PublicRecordingBytes"/> it bounds what strangers can fill the
    /// database with.
    /// </summary>
    [Range(1, 100_000)]
    public int PublicRecordings { get; set; } = 100;

    /// <summary>
    /// How many bytes a recording may have that everyone may make; one that gets larger ends there. 1 KiB to 16 TiB,
    /// default 8 MiB.
    /// </summary>
    [Range(1024, 16L * 1024 * 1024 * 1024 * 1024)]
    public long PublicRecordingBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>
    /// How long a recording goes on once its last reader has left: 0–86,400 seconds, default 60. Long enough for a page
    /// to be loaded again, and for most of what people wait for to be done meanwhile; and a generator that nobody wants
    /// any more has an end. Less than two thirds of <see cref="RecorderSeconds"/> may be too little for a reader on
    /// another instance to be heard of.
    /// </summary>
    [Range(0, 86_400)]
    public double RecordSeconds { get; set; } = 60;

    /// <summary>
    /// How long a recording is kept after it was last read or written: 60 seconds to 10 years, default a day.
    /// </summary>
    [Range(60, 315_360_000)]
    public int KeepRecordingSeconds { get; set; } = 86_400;

    /// <summary>
    /// How many recordings a process runs at a time; others get 503 with Retry-After. 1–100,000, default 200: each may
    /// hold <see cref="RecordingBytes"/>, and whatever its generator does.
    /// </summary>
    [Range(1, 100_000)]
    public int MaxRecordings { get; set; } = 200;

    /// <summary>
    /// How many bytes of a recording are kept in memory, for the database that is to take them and for readers: 4 KiB
    /// to 64 MiB, default 1 MiB. When the database is behind by more, the generator waits; a reader that is behind by
    /// more reads from the database.
    /// </summary>
    [Range(4 * 1024, 64 * 1024 * 1024)]
    public int RecordingBytes { get; set; } = 1024 * 1024;

    /// <summary>
    /// For how long a recorder that says nothing is believed alive: 0.5–300 seconds, default 15. A recorder says that
    /// it is alive three times in that time, so readers learn of a dead one after four thirds of it. Long enough for a
    /// restart of the database.
    /// </summary>
    [Range(0.5, 300)]
    public double RecorderSeconds { get; set; } = 15;
}
