using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace ChunkStream.LocalHost;

/// <summary>
/// The local host's own settings. They are the section <c>ChunkStream:LocalHost</c> of the configuration; environment
/// variables are named <c>ChunkStream__LocalHost__…</c>.
/// </summary>
internal sealed class LocalHostOptions
{
    /// <summary>The section of the configuration.</summary>
    public const string Section = "ChunkStream:LocalHost";

    /// <summary>
    /// Where to listen: <c>localhost</c>, or one IP address, such as <c>0.0.0.0</c> or <c>::</c> for all. The default,
    /// <c>localhost</c>, is 127.0.0.1 and ::1, as far as the machine has them; other machines cannot reach it. Any
    /// other address needs a <see cref="FunctionKey"/>.
    /// </summary>
    public string Address { get; set; } = "localhost";

    /// <summary>
    /// The key that callers give in <c>x-functions-key</c> or <c>?code=</c> wherever the function app asks for a key.
    /// By default there is none and no endpoint asks for a key, as under Core Tools; that is allowed on loopback alone.
    /// </summary>
    public string? FunctionKey { get; set; }

    /// <summary>
    /// The folder that holds the programs and data of Postgres and Azurite. Default: see
    /// <see cref="Embedded.StateFolder.Default"/>.
    /// </summary>
    public string? StatePath { get; set; }

    /// <summary>
    /// The port of the embedded Postgres on 127.0.0.1: 1–65535, or 0 for any free port. The default, 54329, is fixed so
    /// that local.settings.json can name it; it is not 5432, because an installed Postgres uses that.
    /// </summary>
    [Range(0, 65535, ErrorMessage = Section + ":PostgresPort must be 1–65535, or 0 for a port that is free.")]
    public int PostgresPort { get; set; } = 54329;

    /// <summary>
    /// The origins whose pages may read the endpoints in a browser, separated by commas:
    /// <c>https://app.example.org,http://localhost:5173</c>. Default: none. <c>*</c> means every origin, and is allowed
    /// on loopback alone. Take care with it where no key is set: then any page can read the database through the
    /// browser of whoever opens it.
    /// </summary>
    public string? CorsOrigins { get; set; }

    /// <summary>
    /// How many client connections may be open at a time, 1–1,000,000. Further ones wait, and idle ones are closed to
    /// make room. Default: the system's limit of open files (<c>ulimit -n</c>), less what the database's connections
    /// and the process itself need. Windows has no such limit, so by default there is none.
    /// </summary>
    [Range(1, 1_000_000)]
    public int? MaxConnections { get; set; }

    /// <summary>Reads the settings from a configuration that has been checked already.</summary>
    public static LocalHostOptions Read(IConfiguration configuration) =>
        configuration.GetSection(Section).Get<LocalHostOptions>() ?? new LocalHostOptions();
}

/// <summary>The checks that the attributes above ask for: the compiler writes them.</summary>
[OptionsValidator]
internal sealed partial class LocalHostOptionsAttributes : IValidateOptions<LocalHostOptions>;
