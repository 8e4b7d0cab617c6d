using System.Text;
using System.Text.Json;
using ChunkStream.Http;
using ChunkStream.Problems;

namespace ChunkStream.Postgres.Queries;

/// <summary>What one request asks of a declared query.</summary>
internal static class QueryRequest
{
    private const string Limit = "limit";
    private const string Numbers = "numbers";
    private const string Resume = "resume";

    /// <summary>The query parameters of every declared query, which its file can't declare.</summary>
    public static readonly string[] Parameters = [Limit, Numbers, Resume];

    /// <summary>Reads the request's parameters; what is wrong with them is with <paramref name="parameters"/>, or given back.</summary>
    /// <param name="file">The query.</param>
    /// <param name="parameters">The query string.</param>
    /// <param name="asked">What else the request asks; its Last-Event-ID has precedence over <c>?resume=</c>.</param>
    /// <param name="resumeKey">The secret of the resume tokens, or null for none.</param>
    public static (PostgresQuery Query, Problem? Problem) Read(QueryFile file, RequestParameters parameters, StreamRequest asked, string? resumeKey)
    {
        var values = file.Header.Parameters.Select(parameter => ValueOf(parameter, parameters)).ToArray();
        var limit = parameters.OptionalInteger(Limit, min: 1, file.Header.MaxRows ?? long.MaxValue);
        var isExact = parameters.OneOf(Numbers, "plain", "exact") == "exact";
        var resume = asked.LastEventId ?? parameters.Text(Resume);
        parameters.Know(Resume);
        var query = file.ToRun(values) with { Limit = limit, ExactNumbers = isExact, Tokens = TokensOf(file, values, limit, resumeKey) };
        if (resume is null || parameters.HasMistakes)
            return (query, null);

        var (position, problem) = PositionOf(query, resume);
        return (query with { After = position }, problem);
    }

    /// <summary>The problem with values that Postgres does not take, or null if there is none.</summary>
    public static Problem? Refused(IReadOnlyList<(QueryParameter Parameter, string Reason)> refused)
        => refused.Count == 0
            ? null
            : Problem.InvalidParameters([.. refused.Select(value => new ParameterError(
                value.Parameter.Name, $"'{value.Parameter.Name}' must be of type {value.Parameter.Type}: {value.Reason}."))]);

    private static string? ValueOf(QueryParameter parameter, RequestParameters parameters)
    {
        var text = parameters.Text(parameter.Name);
        if (text is null && parameter.IsRequired)
            parameters.Refuse(parameter.Name, $"'{parameter.Name}' is missing: it must be given, of type {parameter.Type}.");
        if (text?.Contains('\0', StringComparison.Ordinal) is true)
            parameters.Refuse(parameter.Name, $"'{parameter.Name}' has a null character, which no type of Postgres can hold.");
        return text ?? parameter.Default;
    }

    private static ResumeTokens? TokensOf(QueryFile file, string?[] values, long? limit, string? resumeKey)
        => resumeKey is null || file.Header.Key.Count == 0
            ? null
            : new ResumeTokens(Encoding.UTF8.GetBytes(resumeKey), file.Name, file.Text, Choice(values, limit));

    // In a spelling in which no two choices are alike.
    private static string Choice(string?[] values, long? limit)
        => JsonSerializer.Serialize([.. values, limit?.ToString(System.Globalization.CultureInfo.InvariantCulture)], ChoiceJson.Default.StringArray);

    private static (KeysetPosition? Position, Problem? Problem) PositionOf(PostgresQuery query, string token)
    {
        if (query.Tokens is null)
        {
            return (null, Problem.InvalidResumeToken(query.Key.Count == 0
                ? "This query has no key, so its streams can't be resumed: leave out 'resume' and Last-Event-ID."
                : "This server has no key for resume tokens (ChunkStream:ResumeKey), so it has given none: leave out 'resume' and Last-Event-ID."));
        }

        return query.Tokens.Read(token, query.Key.Count, out var position) switch
        {
            // No stream of ours has had more rows than it may.
            ResumeTokenState.Valid when position!.Rows <= (query.Limit ?? query.MaxRows ?? long.MaxValue / 2) => (position, null),
            ResumeTokenState.OfChangedQuery => (null, Problem.QueryChanged),
            ResumeTokenState.OfOtherParameters => (null, Problem.InvalidResumeToken(
                "The token was given for other parameters: resume with those that the stream was begun with, 'limit' among them.")),
            _ => (null, Problem.InvalidResumeToken(
                "This is not a token that this query has given: take it as it is from a checkpoint, from the id of an event, or from 'continue'.")),
        };
    }
}
