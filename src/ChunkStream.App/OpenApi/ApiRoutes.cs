namespace ChunkStream.App.OpenApi;

/// <summary>The routes that every app has, under the API's address. A prefix ends with a slash.</summary>
/// <param name="Queries">The prefix of the queries; without its slash it is the route of their catalogue.</param>
/// <param name="PublicQueries">The prefix of those that need no key.</param>
/// <param name="Shapes">The prefix of live queries for clients of Electric's protocol.</param>
/// <param name="PublicShapes">The prefix of those of them that need no key.</param>
/// <param name="States">The prefix of live queries as durable streams with messages of the state extension.</param>
/// <param name="PublicStates">The prefix of those of them that need no key.</param>
/// <param name="Streams">The prefix of the durable streams.</param>
/// <param name="PublicStreams">The same for users, and for everyone if the operator allows it.</param>
/// <param name="Capabilities">Where capability URLs are made.</param>
/// <param name="PublicCapabilities">Where users make them.</param>
/// <param name="OpenApi">The route of the description.</param>
/// <param name="Health">Where the host says how it is.</param>
internal sealed record ApiRoutes(
    string Queries,
    string PublicQueries,
    string Shapes,
    string PublicShapes,
    string States,
    string PublicStates,
    string Streams,
    string PublicStreams,
    string Capabilities,
    string PublicCapabilities,
    string OpenApi,
    string Health);
