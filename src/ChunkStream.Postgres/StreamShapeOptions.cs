namespace ChunkStream;

/// <summary>Options of a declared query that is followed in a protocol of others.</summary>
public sealed class StreamShapeOptions
{
    /// <summary>
    /// The endpoint's name in logs and metrics. Don't build it from a request: each name is a value of a metrics tag.
    /// Default: the function's name, the endpoint's name, or the route's pattern.
    /// </summary>
    public string? Name { get; set; }

    /// <summary>
    /// The values of parameters that the endpoint gives itself, by the names of the parameters: <c>new() { Values = {
    /// ["customer"] = id } }</c>. The client can't change them: what it sends by these names is the endpoint's own
    /// business. Where a value is another one, it is another shape, with a handle and positions of its own. A value is
    /// what a hole of <c>StreamResults.Rows</c> takes, or a text that Postgres reads as the parameter's type; null is
    /// NULL. Default: none, so that the client gives all parameters.
    /// </summary>
    public IDictionary<string, object?> Values { get; }
        = new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase);
}
