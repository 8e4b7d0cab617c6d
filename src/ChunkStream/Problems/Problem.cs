using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ChunkStream.Problems;

/// <summary>
/// What a client is told about a failure: RFC 9457 problem details, with the same shape as a response and inside a
/// stream. It has no SQL text, no host names and no stack traces.
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
    /// <summary>What is wrong with each bad parameter; only in <c>invalid-parameters</c>, else null.</summary>
    [JsonPropertyName("errors")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ParameterError>? Errors { get; init; }

    /// <summary>What can be done about it, as the query's SQL says; only in <c>raised</c>, else null.</summary>
    [JsonPropertyName("hint")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Hint { get; init; }

    /// <summary>The extension members of a problem that the app described itself; else null.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Extensions { get; internal set; }

    /// <summary>After how many seconds the client should try again: the Retry-After header. Null for none.</summary>
    [JsonIgnore]
    public int? RetryAfterSeconds { get; init; }

    /// <summary>The last part of <see cref="Type"/>, which names the kind of problem to an operator.</summary>
    internal string Slug => Type[(Type.LastIndexOf(':') + 1)..];

    /// <summary>What the client must present: the WWW-Authenticate header. Null for none.</summary>
    [JsonIgnore]
    public string? Challenge { get; init; }

    /// <summary>The server failed in a way that clients are not told; the log has it. 500.</summary>
    public static Problem Internal { get; } = new(
        "urn:chunkstream:internal-error", "Internal error", 500,
        "The server failed while it was producing this response. Its log has the details.");

    /// <summary>Query parameters are bad, unknown or missing. 400.</summary>
    /// <param name="errors">What is wrong with each parameter; the first 20 of them are told.</param>
    public static Problem InvalidParameters(IReadOnlyList<ParameterError> errors) => new(
        "urn:chunkstream:invalid-parameters", "Invalid parameters", 400,
        ParameterErrors.Detail(errors))
    {
        Errors = ParameterErrors.Bounded(errors),
    };

    /// <summary>The key that is needed is missing or wrong. 401.</summary>
    /// <param name="detail">What is missing or wrong, and where the key is to be given: a sentence.</param>
    public static Problem Unauthorized(string detail) => new(
        "urn:chunkstream:unauthorized", "Unauthorized", 401, detail);

    /// <summary>The request does not say who is calling, and must. 401.</summary>
    public static Problem NotSignedIn { get; } = new(
        "urn:chunkstream:not-signed-in", "Not signed in", 401,
        "This is for users who have signed in: give an access token in the header Authorization, after 'Bearer '.")
    {
        Challenge = "Bearer",
    };

    /// <summary>The access token does not hold here. 401.</summary>
    /// <param name="detail">What is wrong with the token, without anything of it: a sentence.</param>
    public static Problem InvalidAccessToken(string detail) => new(
        "urn:chunkstream:invalid-access-token", "Invalid access token", 401, detail)
    {
        Challenge = "Bearer error=\"invalid_token\"",
    };

    /// <summary>The access token expired while the stream was open; the stream is not complete. 401.</summary>
    public static Problem AccessExpired { get; } = new(
        "urn:chunkstream:access-expired", "Access expired", 401,
        "The access token has expired, and the stream is not complete: ask again with a new token.")
    {
        Challenge = "Bearer error=\"invalid_token\"",
    };

    /// <summary>The caller is known, and may not do this. 403.</summary>
    /// <param name="detail">What the caller lacks: a sentence.</param>
    public static Problem Forbidden(string detail) => new(
        "urn:chunkstream:forbidden", "Forbidden", 403, detail)
    {
        Challenge = "Bearer error=\"insufficient_scope\"",
    };

    /// <summary>A browser wants to use a stream's content as a part of a page, such as a script. 403.</summary>
    public static Problem UseRefused { get; } = new(
        "urn:chunkstream:use-refused", "Use refused", 403,
        "A page can't use a stream's content as a script, style, worker, frame or plug-in (the header Sec-Fetch-Dest): "
        + "read it with fetch or EventSource.");

    /// <summary>What the request names does not exist. 404.</summary>
    /// <param name="detail">What does not exist, and what does: a sentence.</param>
    public static Problem NotFound(string detail) => new(
        "urn:chunkstream:not-found", "Not found", 404, detail);

    /// <summary>The client accepts none of the formats that are offered. 406.</summary>
    /// <param name="detail">Which formats are offered: a sentence.</param>
    public static Problem NotAcceptable(string detail) => new(
        "urn:chunkstream:not-acceptable", "Not acceptable", 406, detail);

    /// <summary>The client's Last-Event-ID is not one that this endpoint gave. 400.</summary>
    /// <param name="detail">Which ids the endpoint gives: a sentence.</param>
    public static Problem InvalidLastEventId(string detail) => new(
        "urn:chunkstream:invalid-last-event-id", "Invalid Last-Event-ID", 400, detail);

    /// <summary>The resume token was not given for this stream. 400.</summary>
    /// <param name="detail">Why the token is refused: a sentence.</param>
    public static Problem InvalidResumeToken(string detail) => new(
        "urn:chunkstream:invalid-resume-token", "Invalid resume token", 400, detail);

    /// <summary>The query has changed since the resume token was given. 409.</summary>
    public static Problem QueryChanged { get; } = new(
        "urn:chunkstream:query-changed", "Query changed", 409,
        "The query has changed since this token was given, so it can't be resumed: start anew, without a token.");

    /// <summary>The query's file has a mistake, or does not fit the database. 500.</summary>
    /// <param name="detail">Which query is broken, and where its mistake is told: a sentence.</param>
    public static Problem BrokenQuery(string detail) => new(
        "urn:chunkstream:broken-query", "Broken query", 500, detail);

    /// <summary>The declared key is not unique, or is null in a row. 500.</summary>
    /// <param name="detail">What is wrong with the key: a sentence.</param>
    public static Problem KeyNotUnique(string detail) => new(
        "urn:chunkstream:key-not-unique", "Key not unique", 500, detail);

    /// <summary>The query has more rows than it may give. 413.</summary>
    /// <param name="rows">How many rows it may give.</param>
    public static Problem TooManyRows(long rows) => new(
        "urn:chunkstream:too-many-rows", "Too many rows", 413,
        string.Create(
            CultureInfo.InvariantCulture,
            $"This query gives at most {rows} rows, and there are more: ")
        + "narrow it by its parameters, or limit it with ?limit=.");

    /// <summary>A row of the query is larger than the server sends. 500.</summary>
    /// <param name="column">The column with which the row became too large.</param>
    /// <param name="bytes">How many bytes a row may have.</param>
    public static Problem RowTooLarge(string column, int bytes) => new(
        "urn:chunkstream:row-too-large", "Row too large", 500,
        string.Create(
            CultureInfo.InvariantCulture,
            $"With column '{column}' a row of this query has more than {bytes} bytes, which is the limit. ")
        + "Leave the column out, or ask for a part of it.");

    /// <summary>The database took longer for the next row than the query allows. 504.</summary>
    public static Problem QueryTimeout { get; } = new(
        "urn:chunkstream:query-timeout", "Query timeout", 504,
        "The database took longer for the next row than this query or the database (statement_timeout) allows.");

    /// <summary>The query's SQL raised an error for its caller. 400–599.</summary>
    /// <param name="status">The status that the SQL chose.</param>
    /// <param name="message">The message of the RAISE.</param>
    /// <param name="hint">The hint of the RAISE; null for none.</param>
    public static Problem Raised(int status, string message, string? hint) => new(
        "urn:chunkstream:raised", "Raised by the query", status, message)
    {
        Hint = hint,
    };

    /// <summary>Somebody cancelled the query at the database; no limit was reached. 503.</summary>
    public static Problem QueryCancelled { get; } = new(
        "urn:chunkstream:query-cancelled", "Query cancelled", 503,
        "Somebody cancelled this query at the database.")
    {
        RetryAfterSeconds = 5,
    };

    /// <summary>
    /// The client read nothing for too long, and the query has no key with which it could go on later. 408.
    /// </summary>
    public static Problem ReaderStalled { get; } = new(
        "urn:chunkstream:reader-stalled", "Reader stalled", 408,
        "Nothing was read for longer than the server holds a query, and without a key this one can't go on later.");

    /// <summary>All database connections are in use and the queue is full. 503.</summary>
    public static Problem Busy { get; } = new(
        "urn:chunkstream:busy", "Busy", 503,
        "All database connections are in use and the queue is full.")
    {
        RetryAfterSeconds = 2,
    };

    /// <summary>This instance has reached its limit of generators without a key. 503.</summary>
    public static Problem TooManyStreams { get; } = new(
        "urn:chunkstream:too-many-streams", "Too many streams", 503,
        "This instance has reached its limit of open streams that need no key.")
    {
        RetryAfterSeconds = 5,
    };

    /// <summary>The stream reached its maximum duration, and is not complete. 504.</summary>
    public static Problem DeadlineReached { get; } = new(
        "urn:chunkstream:deadline-reached", "Deadline reached", 504,
        "The stream has reached the longest time that the server allows, and is not complete.");

    /// <summary>The server is stopping, or its platform ended the invocation. 503.</summary>
    public static Problem Stopping { get; } = new(
        "urn:chunkstream:stopping", "Stopping", 503, "The server is stopping; the stream is not complete.")
    {
        RetryAfterSeconds = 5,
    };

    /// <summary>Something that the endpoint needs is not available now; a later try may succeed. 503.</summary>
    /// <param name="detail">What is not available: a sentence without host names.</param>
    public static Problem Unavailable(string detail) => new(
        "urn:chunkstream:unavailable", "Unavailable", 503, detail)
    {
        RetryAfterSeconds = 5,
    };
}

/// <summary>A bad parameter.</summary>
/// <param name="Parameter">The parameter's name.</param>
/// <param name="Detail">What was given, and what is allowed: a sentence.</param>
public sealed record ParameterError(
    [property: JsonPropertyName("parameter")] string Parameter,
    [property: JsonPropertyName("detail")] string Detail);

/// <summary>A failure with the problem that a client is told of it.</summary>
/// <param name="problem">What the client is told.</param>
/// <param name="cause">The exception behind it; null for none.</param>
internal class ProblemException(Problem problem, Exception? cause = null) : Exception(problem.Detail, cause)
{
    /// <summary>What the client is told.</summary>
    public Problem Problem => problem;
}
