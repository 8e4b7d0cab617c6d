using System.ComponentModel.DataAnnotations;

namespace ChunkStream.Streaming;

/// <summary>The knobs of the pump: configuration section <c>ChunkStream:Streaming</c>. Times are in seconds.</summary>
public sealed class StreamingOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "ChunkStream:Streaming";

    /// <summary>
    /// While the source is faster than we write, chunks are gathered up to this many bytes before a flush. 1 byte to
    /// 1 MiB, default 32 KiB: past that, larger writes to the socket gain nothing measurable, and each stream may hold
    /// this much.
    /// </summary>
    [Range(1, 1024 * 1024)]
    public int FlushBytes { get; set; } = 32 * 1024;

    /// <summary>
    /// How long the first record is waited for before the response starts without it, with heartbeats, in the formats
    /// that have them. Until then a failure is a real status. 0.1–200, default 15: under the 30–60 s of silence after
    /// which common proxies give up.
    /// </summary>
    [Range(0.1, 200)]
    public double FirstRecordSeconds { get; set; } = 15;

    /// <summary>
    /// After how long a silence a heartbeat is sent, in the formats that have one. 0.1–200, default 15: well under the
    /// 230 s of Azure's load balancer, and under the 30–60 s of common proxies.
    /// </summary>
    [Range(0.1, 200)]
    public double HeartbeatSeconds { get; set; } = 15;

    /// <summary>
    /// How long a stream may last, from 0.1 s to a week. Default: 15 s less than host.json's <c>functionTimeout</c>
    /// where that is set (half of it, where it is under 30 s), since overrunning that restarts the worker and cuts every
    /// other stream in it; else without limit.
    /// </summary>
    [Range(0.1, 7 * 24 * 3600)]
    public double? MaxDurationSeconds { get; set; }

    /// <summary>
    /// How long open streams go on once the process is told to stop. 0–300, default 3: platforms kill a process 5 to
    /// 30 s after they told it.
    /// </summary>
    [Range(0, 300)]
    public double ShutdownSeconds { get; set; } = 3;

    /// <summary>
    /// How many of the generators that need no key run at a time in a process; beyond that a client gets 503. 1–1,000,000,
    /// default 1,000.
    /// </summary>
    [Range(1, 1_000_000)]
    public int MaxAnonymousStreams { get; set; } = 1000;
}
