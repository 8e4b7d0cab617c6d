using System.Text.Json.Serialization;

namespace ChunkStream.Problems;

/// <summary>
/// What a client is told about a failure: RFC 9457 problem details, of one shape before and inside a stream. It holds
/// no SQL text, no host names and no stack traces.
/// </summary>
/// <param name="Type">A URI that names the kind of problem, <c>urn:chunkstream:…</c>; stable, for programs.</param>
/// <param name="Title">The kind of problem in words; the same for each problem of a type.</param>
/// <param name="Status">The HTTP status, 400–599.</param>
/// <param name="Detail">What was wrong this time, and what is allowed.</param>
public sealed record Problem(
    [property: JsonPropertyName("type")] string Type,
    [property: JsonPropertyName("title")] string Title,
    [property: JsonPropertyName("status")] int Status,
    [property: JsonPropertyName("detail")] string Detail)
{
    /// <summary>For each bad parameter what is wrong with it; only with <c>invalid-parameters</c>.</summary>
    [JsonPropertyName("errors")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ParameterError>? Errors { get; init; }

    /// <summary>After how many seconds a new try makes sense: the Retry-After header.</summary>
    [JsonIgnore]
    public int? RetryAfterSeconds { get; init; }

    /// <summary>A failure that is ours, and of which the log knows more. 500.</summary>
    public static Problem Internal { get; } = new(
        "urn:chunkstream:internal-error", "Internal error", 500,
        "The server failed while it was producing this response. Its log has the details.");

    /// <summary>Bad, unknown or missing query parameters. 400.</summary>
    public static Problem InvalidParameters(IReadOnlyList<ParameterError> errors) => new(
        "urn:chunkstream:invalid-parameters", "Invalid parameters", 400,
        string.Join(' ', errors.Select(error => error.Detail)))
    {
        Errors = errors,
    };

    /// <summary>A key is needed and was not given, or is not the right one. 401.</summary>
    public static Problem Unauthorized(string detail) => new(
        "urn:chunkstream:unauthorized", "Unauthorized", 401, detail);

    /// <summary>There is no such thing. 404.</summary>
    public static Problem NotFound(string detail) => new(
        "urn:chunkstream:not-found", "Not found", 404, detail);

    /// <summary>None of the formats that the client accepts is offered. 406.</summary>
    public static Problem NotAcceptable(string detail) => new(
        "urn:chunkstream:not-acceptable", "Not acceptable", 406, detail);

    /// <summary>The client's Last-Event-ID is none that this endpoint has given. 400.</summary>
    public static Problem InvalidLastEventId(string detail) => new(
        "urn:chunkstream:invalid-last-event-id", "Invalid Last-Event-ID", 400, detail);

    /// <summary>The stream has lasted as long as a stream may. 504.</summary>
    public static Problem DeadlineReached { get; } = new(
        "urn:chunkstream:deadline-reached", "Deadline reached", 504,
        "The stream has reached the longest time that the server allows, and is not complete.");

    /// <summary>The server ends the call because it stops, or because its platform says so. 503.</summary>
    public static Problem Stopping { get; } = new(
        "urn:chunkstream:stopping", "Stopping", 503, "The server is stopping; the stream is not complete.")
    {
        RetryAfterSeconds = 5,
    };

    /// <summary>Something that the endpoint needs is not there now; a later try may succeed. 503.</summary>
    public static Problem Unavailable(string detail) => new(
        "urn:chunkstream:unavailable", "Unavailable", 503, detail)
    {
        RetryAfterSeconds = 5,
    };
}

/// <summary>One bad parameter.</summary>
/// <param name="Parameter">Its name.</param>
/// <param name="Detail">What was given, and what is allowed: a sentence.</param>
public sealed record ParameterError(
    [property: JsonPropertyName("parameter")] string Parameter,
    [property: JsonPropertyName("detail")] string Detail);
