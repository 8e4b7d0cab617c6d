using System.ComponentModel.DataAnnotations;

namespace ChunkStream.DurableStreams;

/// <content>What clients may ask for, and get, over HTTP.</content>
public sealed partial class DurableStreamOptions
{
    /// <summary>Where the policy is looked for if no setting says it.</summary>
    internal const string DefaultPolicyPath = "streams.policy";

    /// <summary>
    /// Whether <c>/public/streams/…</c> lets everyone read every stream without a key. Default no: streams hold
    /// whatever their writers put there.
    /// </summary>
    public bool PublicReading { get; set; }

    /// <summary>
    /// The file that says what users may do with which streams, who bring an access token to
    /// <c>/public/streams/…</c>. A relative path is looked for in the current directory, in the one above it, and then
    /// beside the program. Default <c>streams.policy</c>. What the file does not allow, or where there is none, is not
    /// allowed.
    /// </summary>
    [Required]
    public string PolicyPath { get; set; } = DefaultPolicyPath;

    /// <summary>
    /// The secret that signs capability URLs, 32 bytes or more; the same in every instance. Without it there are none.
    /// </summary>
    [CapabilityKey]
    public string? CapabilityKey { get; set; }

    /// <summary>
    /// The secret before that: URLs that were made with it hold on. It may be taken out when the last of them has
    /// expired.
    /// </summary>
    [CapabilityKey]
    public string? CapabilityKeyBefore { get; set; }

    /// <summary>
    /// How long a capability URL may hold that the app makes, in seconds: 1 to 31,536,000 (a year), default 86,400 (a
    /// day). Nobody can take one back alone. One that SQL makes may hold for a year: whoever has the secret decides.
    /// </summary>
    [Range(1, 31_536_000)]
    public int MaxCapabilitySeconds { get; set; } = 86_400;

    /// <summary>
    /// How large the body of one append may be: 1 byte to 64 MiB, default 8 MiB. It is in memory whole, before it is in
    /// the database; the Functions host takes no more than 100 MB, and waits for all of it.
    /// </summary>
    [Range(1, 64 * 1024 * 1024)]
    public int MaxAppendBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>
    /// How many messages one append to a JSON stream may have: 1 to 1,000,000, default 50,000. All of them are one
    /// transaction, during which the stream's other writers wait: about a quarter of a second.
    /// </summary>
    [Range(1, 1_000_000)]
    public int MaxAppendMessages { get; set; } = 50_000;

    /// <summary>
    /// How long a body that is being received may rest, or bring less than 240 bytes a second, before it is refused
    /// with 408: 0.1–600, default 10. It holds its room in memory from its first byte on.
    /// </summary>
    [Range(0.1, 600)]
    public double BodyIdleSeconds { get; set; } = 10;

    /// <summary>
    /// How long a body may take to come: 1–86,400, default 300, which is enough for 8 MiB at 28 KiB a second. It is
    /// checked at the end of each <see cref="BodyIdleSeconds"/>.
    /// </summary>
    [Range(1, 86_400)]
    public double BodySeconds { get; set; } = 300;

    /// <summary>
    /// How long a long-poll waits for something new: 0.1–200, default 20. The least patient of the common proxies give
    /// up after 30 s of silence.
    /// </summary>
    [Range(0.1, 200)]
    public double LongPollSeconds { get; set; } = 20;

    /// <summary>
    /// After about how long a live response (server-sent events) ends, for its reader to come again: 0.1–3,600, default
    /// 60, as the protocol recommends. The moment varies by a tenth, so that readers who came together don't all come
    /// back together.
    /// </summary>
    [Range(0.1, 3600)]
    public double SseSeconds { get; set; } = 60;

    /// <summary>
    /// About how many bytes are read from the database at a time, for a response that needs more: 1 KiB to 8 MiB,
    /// default 512 KiB. Each such response may hold three times as much.
    /// </summary>
    [Range(1024, 8 * 1024 * 1024)]
    public int SegmentBytes { get; set; } = 512 * 1024;

    /// <summary>
    /// How many bytes of a stream one response has at most; the next request goes on from there. 1 KiB to 1 TiB,
    /// default 1 GiB: a response is never held whole here, and should be no longer than what a client likes to repeat
    /// if its connection breaks.
    /// </summary>
    [Range(1024L, 1024L * 1024 * 1024 * 1024)]
    public long ReadBytes { get; set; } = 1024L * 1024 * 1024;

    /// <summary>
    /// The same for JSON streams, in messages: 1 to 1,000,000,000, default 100,000. A client that parses a response
    /// holds all of it.
    /// </summary>
    [Range(1, 1_000_000_000)]
    public int ReadMessages { get; set; } = 100_000;
}
