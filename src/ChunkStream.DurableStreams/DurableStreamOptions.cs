using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace ChunkStream.DurableStreams;

/// <summary>Settings of the durable streams: configuration section <c>ChunkStream:Streams</c>.</summary>
public sealed partial class DurableStreamOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "ChunkStream:Streams";

    /// <summary>
    /// How many connections to the database the streams use at most, beside those of the queries: neither can starve
    /// the other. 2–200, default 10: an operation holds one for about a millisecond, and a waiting reader none. Two
    /// more are held for hearing and telling of changes.
    /// </summary>
    [Range(2, 200)]
    public int Connections { get; set; } = 10;

    /// <summary>
    /// How many bytes a stream may have, with what it has from the streams that it was forked off, and with a comma for
    /// each message; an append beyond that is refused. 1 KiB to 16 TiB, default 10 GiB: deleting them has to be
    /// bearable for the database too.
    /// </summary>
    [Range(1024, 16L * 1024 * 1024 * 1024 * 1024)]
    public long MaxStreamBytes { get; set; } = 10L * 1024 * 1024 * 1024;

    /// <summary>
    /// About how many bytes of appends and of streams' first content a process holds, from the first byte that is
    /// received until the database has them, each with 4 KiB for its request; others get 503 with Retry-After. One
    /// stream may take a quarter of it, so that one that can't be written to leaves the others their room, and a
    /// quarter is kept from bodies of more than 64 KiB that are still being received; a body that finds the room empty
    /// is taken, whatever its size. 1 MiB to 16 GiB, default 128 MiB: bearable on the smallest instances, and more than
    /// waits for a database that keeps up.
    /// </summary>
    [Range(1024 * 1024, 16L * 1024 * 1024 * 1024)]
    public long MaxWaitingBytes { get; set; } = 128 * 1024 * 1024;

    /// <summary>
    /// How many readers a process lets wait for more; others get 503 with Retry-After. 1–1,000,000, default 5,000: each
    /// costs a connection and some ten KiB.
    /// </summary>
    [Range(1, 1_000_000)]
    public int MaxReaders { get; set; } = 5_000;

    /// <summary>
    /// How many seconds there are between two rounds of the sweep, which takes what has expired or was deleted out of
    /// the database. 0–86,400, default 30. 0: never; an app whose process does not run all the time calls <see
    /// cref="Store.DurableStreamSweep"/> from a timer of its platform instead. Clients don't see such streams in any
    /// case.
    /// </summary>
    [Range(0, 86_400)]
    public int SweepSeconds { get; set; } = 30;
}

/// <summary>The checks that the attributes above ask for: the compiler writes them.</summary>
[OptionsValidator]
internal sealed partial class DurableStreamOptionsAttributes : IValidateOptions<DurableStreamOptions>;
