using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace ChunkStream.Streaming;

/// <summary>
/// The settings of all streams, from the configuration section <c>ChunkStream:Streaming</c>. Times are in seconds.
/// </summary>
public sealed class StreamingOptions
{
    /// <summary>The name of the configuration section.</summary>
    public const string Section = "ChunkStream:Streaming";

    /// <summary>
    /// How many bytes are gathered before a flush while the source is fast. 1 byte to 1 MiB, default 32 KiB: each
    /// stream may hold this much, and larger writes to the socket are not measurably faster.
    /// </summary>
    [Range(1, 1024 * 1024)]
    public int FlushBytes { get; set; } = 32 * 1024;

    /// <summary>
    /// How long to wait for the first record before the response starts without it, with heartbeats, in the formats
    /// that have them. Until then a failure is a real status. 0.1–200 s, default 15 s: less than the 30–60 s of silence
    /// after which common proxies give up.
    /// </summary>
    [Range(0.1, 200)]
    public double FirstRecordSeconds { get; set; } = 15;

    /// <summary>
    /// After how long a silence a heartbeat is sent, in the formats that have one. 0.1–200 s, default 15 s: well under
    /// the 230 s of Azure's load balancer, and under the 30–60 s of common proxies.
    /// </summary>
    [Range(0.1, 200)]
    public double HeartbeatSeconds { get; set; } = 15;

    /// <summary>
    /// How long a stream may last, from 0.1 s to a week. Default: 15 s less than <c>functionTimeout</c> in host.json
    /// (half of it if it is under 30 s), because an invocation that overruns it restarts the worker, which cuts all its
    /// other streams. Without a <c>functionTimeout</c> there is no limit.
    /// </summary>
    [Range(0.1, 7 * 24 * 3600)]
    public double? MaxDurationSeconds { get; set; }

    /// <summary>
    /// How long open streams go on after the process is told to stop. 0–300 s, default 3 s: platforms kill a process 5
    /// to 30 s after they told it to stop.
    /// </summary>
    [Range(0, 300)]
    public double ShutdownSeconds { get; set; } = 3;

    /// <summary>
    /// How many of the generators that need no key run in a process at a time, and how many readers without a key
    /// follow live queries; a client beyond that gets 503. 1–1,000,000, default 1,000.
    /// </summary>
    [Range(1, 1_000_000)]
    public int MaxAnonymousStreams { get; set; } = 1000;
}

/// <summary>The checks that the attributes above ask for: the compiler writes them.</summary>
[OptionsValidator]
internal sealed partial class StreamingOptionsAttributes : IValidateOptions<StreamingOptions>;
