using System.Text.Json;
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

    /// <summary>What may be done about it; only with <c>raised</c>.</summary>
    [JsonPropertyName("hint")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Hint { get; init; }

    /// <summary>What an app's own problem has beside these members.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Extensions { get; internal set; }

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
        ParameterErrors.Detail(errors))
    {
        Errors = ParameterErrors.Bounded(errors),
    };

    /// <summary>A key is needed and was not given, or is not the right one. 401.</summary>
    public static Problem Unauthorized(string detail) => new(
        "urn:chunkstream:unauthorized", "Unauthorized", 401, detail);

    /// <summary>A browser wants a stream's content as a part of a page. 403.</summary>
    public static Problem UseRefused { get; } = new(
        "urn:chunkstream:use-refused", "Use refused", 403,
        "A stream's content can't be used as a script, style, worker, frame or plug-in of a page (the header Sec-Fetch-Dest): "
        + "read it with fetch or EventSource.");

    /// <summary>There is no such thing. 404.</summary>
    public static Problem NotFound(string detail) => new(
        "urn:chunkstream:not-found", "Not found", 404, detail);

    /// <summary>None of the formats that the client accepts is offered. 406.</summary>
    public static Problem NotAcceptable(string detail) => new(
        "urn:chunkstream:not-acceptable", "Not acceptable", 406, detail);

    /// <summary>The client's Last-Event-ID is none that this endpoint has given. 400.</summary>
    public static Problem InvalidLastEventId(string detail) => new(
        "urn:chunkstream:invalid-last-event-id", "Invalid Last-Event-ID", 400, detail);

    /// <summary>The token by which a client wants to resume is none that was given for this very stream. 400.</summary>
    public static Problem InvalidResumeToken(string detail) => new(
        "urn:chunkstream:invalid-resume-token", "Invalid resume token", 400, detail);

    /// <summary>The query has changed since the token was given. 409.</summary>
    public static Problem QueryChanged { get; } = new(
        "urn:chunkstream:query-changed", "Query changed", 409,
        "The query has changed since this token was given, so there is no going on from it: start anew, without a token.");

    /// <summary>The query's file is wrong, or does not fit the database. 500.</summary>
    public static Problem BrokenQuery(string detail) => new(
        "urn:chunkstream:broken-query", "Broken query", 500, detail);

    /// <summary>Two rows of the query have the same key, or one has none. 500.</summary>
    public static Problem KeyNotUnique(string detail) => new(
        "urn:chunkstream:key-not-unique", "Key not unique", 500, detail);

    /// <summary>The query has more rows than it may give. 413.</summary>
    public static Problem TooManyRows(long rows) => new(
        "urn:chunkstream:too-many-rows", "Too many rows", 413,
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"This query gives at most {rows} rows, and there are more: narrow it by its parameters, or ask for the first ones with ?limit=."));

    /// <summary>A row of the query is larger than the server sends. 500.</summary>
    public static Problem RowTooLarge(string column, int bytes) => new(
        "urn:chunkstream:row-too-large", "Row too large", 500,
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"With column '{column}' a row of this query has more than {bytes} bytes, which is the most that this server sends. Leave the column out, or ask for a part of it."));

    /// <summary>The database took longer for the next row than the query allows. 504.</summary>
    public static Problem QueryTimeout { get; } = new(
        "urn:chunkstream:query-timeout", "Query timeout", 504,
        "The database took longer for the next row than this query, or the database itself (statement_timeout), allows.");

    /// <summary>The query's SQL says so itself, by RAISE. 400–599.</summary>
    public static Problem Raised(int status, string message, string? hint) => new(
        "urn:chunkstream:raised", "Raised by the query", status, message)
    {
        Hint = hint,
    };

    /// <summary>Somebody cancelled the query at the database, where no limit was reached. 503.</summary>
    public static Problem QueryCancelled { get; } = new(
        "urn:chunkstream:query-cancelled", "Query cancelled", 503,
        "Somebody cancelled this query at the database.")
    {
        RetryAfterSeconds = 5,
    };

    /// <summary>The client has taken nothing for longer than a query is held for it. 408.</summary>
    public static Problem ReaderStalled { get; } = new(
        "urn:chunkstream:reader-stalled", "Reader stalled", 408,
        "Nothing was read for longer than the server holds a query, and this query can't be continued from where it was.");

    /// <summary>All places are taken, and all places in the queue. 503.</summary>
    public static Problem Busy { get; } = new(
        "urn:chunkstream:busy", "Busy", 503,
        "As many streams are open as there are connections to the database, and as many wait as may wait.")
    {
        RetryAfterSeconds = 2,
    };

    /// <summary>As many generators run for callers without a key as may. 503.</summary>
    public static Problem TooManyStreams { get; } = new(
        "urn:chunkstream:too-many-streams", "Too many streams", 503,
        "As many streams of this kind are open on this instance as may be open without a key.")
    {
        RetryAfterSeconds = 5,
    };

    /// <summary>As many readers wait on durable streams as may. 503.</summary>
    public static Problem TooManyReaders { get; } = new(
        "urn:chunkstream:too-many-readers", "Too many readers", 503,
        "As many readers wait for news of streams on this instance as may. What is there already can be read without waiting.")
    {
        RetryAfterSeconds = 5,
    };

    /// <summary>As many appends wait for the database as may. 503.</summary>
    public static Problem TooManyAppends(string detail) => new(
        "urn:chunkstream:too-many-appends", "Too many appends", 503, detail)
    {
        RetryAfterSeconds = 2,
    };

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

/// <summary>A failure of which it is known what a client is to be told.</summary>
internal sealed class ProblemException(Problem problem, Exception? cause = null) : Exception(problem.Detail, cause)
{
    public Problem Problem => problem;
}
