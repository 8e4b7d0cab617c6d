namespace ChunkStream;

/// <summary>Options of a stream of the rows of a declared query.</summary>
public sealed class StreamQueryOptions : StreamResultOptions
{
    /// <summary>
    /// The values of parameters that the endpoint gives itself, by the names of the parameters: <c>new() { Values = {
    /// ["customer"] = id } }</c>. The client can't change them: what it sends by these names is the endpoint's own
    /// business. A value is what a hole of <c>StreamResults.Rows</c> takes, or a text that Postgres reads as the
    /// parameter's type; null is NULL. Default: none, so that the client gives all parameters.
    /// </summary>
    public IDictionary<string, object?> Values { get; }
        = new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase);
}
