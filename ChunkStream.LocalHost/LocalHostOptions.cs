using System.ComponentModel.DataAnnotations;

namespace ChunkStream.LocalHost;

/// <summary>
/// The local host's own settings: section <c>ChunkStream:LocalHost</c>, in environment variables
/// <c>ChunkStream__LocalHost__…</c>.
/// </summary>
internal sealed class LocalHostOptions
{
    /// <summary>Where the settings are in the configuration.</summary>
    public const string Section = "ChunkStream:LocalHost";

    /// <summary>
    /// Where to listen: <c>localhost</c>, or one IP address, such as <c>0.0.0.0</c> or <c>::</c> for all. Default
    /// <c>localhost</c>, 127.0.0.1 and ::1 where the machine has them: nobody else can reach it. Anything beyond
    /// loopback needs a <see cref="FunctionKey"/>.
    /// </summary>
    public string Address { get; set; } = "localhost";

    /// <summary>
    /// What callers give as <c>x-functions-key</c> or <c>?code=</c> wherever the function app asks for a key. Default
    /// none, that is open, as under Core Tools; only loopback may be open.
    /// </summary>
    public string? FunctionKey { get; set; }

    /// <summary>
    /// The folder of the Postgres binaries, its data, and Azurite's. Default: see <see cref="Embedded.StateFolder"/>.
    /// </summary>
    public string? StatePath { get; set; }

    /// <summary>
    /// The port of the embedded Postgres on 127.0.0.1: 1–65535, or 0 for one that is free. Default 54329: fixed, so
    /// that local.settings.json can name it, and not 5432, which an installed Postgres has.
    /// </summary>
    [Range(0, 65535, ErrorMessage = Section + ":PostgresPort must be 1–65535, or 0 for a port that is free.")]
    public int PostgresPort { get; set; } = 54329;

    /// <summary>
    /// The origins whose pages may read the endpoints in a browser, with commas between them:
    /// <c>https://app.example.org,http://localhost:5173</c>. Default none. <c>*</c> is all, on loopback alone: what listens
    /// there may be open, and a page anywhere could then read the database of whoever opens it.
    /// </summary>
    public string? CorsOrigins { get; set; }

    /// <summary>
    /// How many connections of clients may be open at a time, 1–1,000,000; further ones wait, and idle ones are closed for them.
    /// Default: what the system lets a process open (<c>ulimit -n</c>), less what the database's connections and the process itself
    /// need; on Windows, which has no such limit, none.
    /// </summary>
    [Range(1, 1_000_000)]
    public int? MaxConnections { get; set; }

    /// <summary>Reads the settings of a configuration that has been checked.</summary>
    public static LocalHostOptions Read(IConfiguration configuration) =>
        configuration.GetSection(Section).Get<LocalHostOptions>() ?? new LocalHostOptions();
}
