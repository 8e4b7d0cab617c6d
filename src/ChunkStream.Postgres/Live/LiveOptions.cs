using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace ChunkStream.Postgres.Live;

/// <summary>Settings of live queries: configuration section <c>ChunkStream:Live</c>.</summary>
public sealed class LiveOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "ChunkStream:Live";

    /// <summary>
    /// For how many minutes changes stay in the log at least, if there are not more than <see cref="LogMegabytes"/>. A
    /// client that was away for longer gets the rows anew. 1–1,440, default 10. For twice as long after the last reader
    /// the tables' triggers go on to write.
    /// </summary>
    [Range(1, 1440)]
    public int RetentionMinutes { get; set; } = 10;

    /// <summary>How many megabytes the log of one table has at most, about. 8–100,000, default 256.</summary>
    [Range(8, 100_000)]
    public int LogMegabytes { get; set; } = 256;

    /// <summary>
    /// After how many seconds without a change a long-poll is answered. 1–60, default 20: proxies give up on a response
    /// that has no byte for longer.
    /// </summary>
    [Range(1, 60)]
    public int LongPollSeconds { get; set; } = 20;

    /// <summary>
    /// How many rows of a query may change at once and be told one by one, 1–1,000,000. With more the rows are read
    /// anew. Default 10,000: a step is held in memory.
    /// </summary>
    [Range(1, 1_000_000)]
    public int StepRows { get; set; } = 10_000;

    /// <summary>
    /// How many rows a query may give that is run again at each change (<c>live: rerun</c>), 1–1,000,000. One with more
    /// fails. Default 10,000: they are held in memory, once for all readers with the same parameters.
    /// </summary>
    [Range(1, 1_000_000)]
    public int RerunRows { get; set; } = 10_000;

    /// <summary>
    /// How many megabytes of rows and changes all live queries of an instance hold in memory at most, 64–1,000,000. A
    /// reader for whom there is no room is refused with 503. Default 256: a small part of what an instance has.
    /// </summary>
    [Range(64, 1_000_000)]
    public int MemoryMegabytes { get; set; } = 256;
}

/// <summary>The checks that the attributes above ask for: the compiler writes them.</summary>
[OptionsValidator]
internal sealed partial class LiveOptionsAttributes : IValidateOptions<LiveOptions>;
