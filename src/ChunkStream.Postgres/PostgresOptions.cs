using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace ChunkStream.Postgres;

/// <summary>Settings of streaming from Postgres: configuration section <c>ChunkStream:Postgres</c>.</summary>
public sealed class PostgresOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "ChunkStream:Postgres";

    /// <summary>
    /// How many bytes of rows one FETCH aims at; it never asks for more than 256 rows. 1 KiB to 16 MiB, default 256
    /// KiB: Postgres keeps the rows of a FETCH in memory until the last is there, so this must stay well under its
    /// work_mem (4 MB by default), and small FETCHes stay in the processor's cache.
    /// </summary>
    [Range(1024, 16 * 1024 * 1024)]
    public int FetchBytes { get; set; } = 256 * 1024;

    /// <summary>
    /// How many FETCHes are sent ahead at most. 1–256, default 64: while we write the rows of one, the backend works on
    /// the next; 64 FETCHes of 256 rows, which is a few megabytes of ordinary rows, hide a network round trip of some
    /// milliseconds.
    /// </summary>
    [Range(1, 256)]
    public int FetchesAhead { get; set; } = 64;

    /// <summary>
    /// How many bytes a row has at most, as Postgres sends it: its values, with 4 bytes more for each. A larger row
    /// ends its stream with an error that names the column, and is not received. 1 MiB to 1 GiB, default 64 MiB: a row
    /// is written in one piece, and a stream needs a few times its size.
    /// </summary>
    [Range(1024 * 1024, 1024 * 1024 * 1024)]
    public int MaxRowBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>
    /// How many seconds to wait for a free connection of the pool, or for a new one. 1–300, default 15, after which a
    /// client gets 503.
    /// </summary>
    [Range(1, 300)]
    public int ConnectSeconds { get; set; } = 15;

    /// <summary>
    /// How many seconds the reader of a keyed query may take nothing before its cursor is closed and its connection
    /// given back; the stream goes on, along its key, when the reader does. 0.1–3,600, default 10: a snapshot that is
    /// held for longer keeps vacuum from cleaning up. While others wait for a connection it is given back after a tenth
    /// of a second.
    /// </summary>
    [Range(0.1, 3600)]
    public double StallSeconds { get; set; } = 10;

    /// <summary>
    /// How many seconds the reader of a query without a key may take nothing before the stream fails: it can't go on
    /// from where it was. 0.1–86,400, default 300.
    /// </summary>
    [Range(0.1, 86400)]
    public double IdleSeconds { get; set; } = 300;

    /// <summary>
    /// How many new streams wait for a connection when all are taken; beyond that a client gets 503 at once. 0–100,000,
    /// default 200.
    /// </summary>
    [Range(0, 100_000)]
    public int QueueLength { get; set; } = 200;

    /// <summary>
    /// How many seconds a new stream waits for a connection before the client gets 503. 0.1–60, default 10: under the
    /// 15 s after which a response starts with heartbeats, and past which no status can be given.
    /// </summary>
    [Range(0.1, 60)]
    public double QueueSeconds { get; set; } = 10;

    /// <summary>
    /// Which share of the streams that may hold a connection, and of the places in the queue, callers without a key
    /// get. 0.01–1, default 0.5; it is always one place at least. The rest is for callers with a key, however many come
    /// without one.
    /// </summary>
    [Range(0.01, 1)]
    public double AnonymousShare { get; set; } = 0.5;

    /// <summary>
    /// The timeout, in seconds, of a query that is run without a key and declares none. 0.1–604,800, default 30: anyone
    /// may start such a query, so it should not work for long.
    /// </summary>
    [Range(0.1, 7 * 24 * 3600)]
    public double AnonymousTimeoutSeconds { get; set; } = 30;

    /// <summary>
    /// How many rows a query gives at most that is run without a key and declares no bound. 1 to 10^12, default
    /// 1,000,000.
    /// </summary>
    [Range(1, 1_000_000_000_000)]
    public long AnonymousMaxRows { get; set; } = 1_000_000;
}

/// <summary>The checks that the attributes above ask for: the compiler writes them.</summary>
[OptionsValidator]
internal sealed partial class PostgresOptionsAttributes : IValidateOptions<PostgresOptions>;
