using ChunkStream.Http;
using ChunkStream.Postgres.Requests;
using ChunkStream.Postgres.Rows;
using ChunkStream.Problems;

namespace ChunkStream.Postgres.Queries;

/// <summary>What one request asks of a declared query.</summary>
internal static class QueryRequest
{
    private const string Limit = "limit";

    /// <summary>The query parameters of every declared query, which its file can't declare.</summary>
    public static readonly string[] Parameters = [Limit, .. RowsRequest.Parameters];

    /// <summary>
    /// Reads the request's parameters. Mistakes are added to <paramref name="parameters"/>; a problem with the resume
    /// token is returned.
    /// </summary>
    /// <param name="file">The query.</param>
    /// <param name="parameters">The query string.</param>
    /// <param name="asked">What else the request asks; its Last-Event-ID has precedence over <c>?resume=</c>.</param>
    /// <param name="resumeKey">The secret of the resume tokens, or null for none.</param>
    public static (QueryRun Run, Problem? Problem) Read(
        QueryFile file, RequestParameters parameters, StreamRequest asked, string? resumeKey)
    {
        var values = file.Header.Parameters.Select(parameter => ValueOf(parameter, parameters)).ToArray();
        var limit = parameters.OptionalInteger(Limit, min: 1, file.Header.MaxRows ?? long.MaxValue);
        var run = new QueryRun(file.ToQuery(values)) { Limit = limit };
        return RowsRequest.Read(run, new ResumeIdentity(resumeKey, file.Name, file.Text), parameters, asked);
    }

    /// <summary>The problem with values that Postgres does not take, or null if there is none.</summary>
    public static Problem? Refused(IReadOnlyList<(QueryParameter Parameter, string Reason)> refused)
        => refused.Count == 0
            ? null
            : Problem.InvalidParameters([.. refused.Select(value => new ParameterError(
                value.Parameter.Name,
                $"'{value.Parameter.Name}' must be of type {value.Parameter.Type}: {value.Reason}."))]);

    private static string? ValueOf(QueryParameter parameter, RequestParameters parameters)
    {
        var text = parameters.Text(parameter.Name);
        if (text is null && parameter.IsRequired)
        {
            parameters.Refuse(
                parameter.Name, $"'{parameter.Name}' is missing: it must be given, of type {parameter.Type}.");
        }

        if (text?.Contains('\0', StringComparison.Ordinal) is true)
        {
            parameters.Refuse(
                parameter.Name,
                $"'{parameter.Name}' has a null character, which no type of Postgres can hold.");
        }

        return text ?? parameter.Default;
    }
}
