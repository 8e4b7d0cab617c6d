using System.Collections.ObjectModel;

namespace ChunkStream.Postgres.Queries;

/// <summary>An endpoint at which declared queries are asked for.</summary>
/// <param name="Endpoint">The endpoint's name, for log and metrics.</param>
internal sealed record QueryPlace(string Endpoint)
{
    /// <summary>
    /// Whether it needs no key: it gives only those queries that declare that they need none, and with bounds.
    /// </summary>
    public bool IsPublic { get; init; }

    /// <summary>
    /// The path of the catalogue that lists the queries, without a slash at its start; null where there is none.
    /// </summary>
    public string? Catalogue { get; init; }

    /// <summary>The setting that names the query, at an endpoint whose request does not; otherwise null.</summary>
    public string? Setting { get; init; }

    /// <summary>
    /// What an endpoint of the app says of the stream. Parameters that the query does not declare are then the
    /// endpoint's. Null at an endpoint of ours, where they are mistakes.
    /// </summary>
    public StreamResultOptions? Options { get; init; }

    /// <summary>The values of parameters that the endpoint gives, by name; the client gives the others.</summary>
    public IDictionary<string, object?> Values { get; init; } = ReadOnlyDictionary<string, object?>.Empty;

    /// <summary>What a client is told if there is no such query.</summary>
    public string Missing(string name) => this switch
    {
        { Catalogue: null } => $"There is no query '{name}'.",
        { IsPublic: true } => $"There is no query '{name}' that needs no key. With a key, /{Catalogue} lists all.",
        { Setting: { } setting } => $"There is no query '{name}', which the setting {setting} names; "
            + $"/{Catalogue} lists those that there are.",
        _ => $"There is no query '{name}'; /{Catalogue} lists those that there are.",
    };

    /// <summary>What a client is told if the query's file is broken.</summary>
    public string Broken(string fileName) => Catalogue is null
        ? $"The file {fileName} is broken: the server's log says where."
        : $"The file {fileName} is broken: /{Catalogue} says where, and so does the server's log.";
}
