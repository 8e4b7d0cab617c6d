using ChunkStream.Http;
using ChunkStream.Identity;
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
    /// <param name="options">The settings of the queries.</param>
    /// <param name="caller">Who asks; null where the query is not for users.</param>
    public static (QueryRun Run, Problem? Problem) Read(
        QueryFile file, RequestParameters parameters, StreamRequest asked, QueryOptions options, Caller? caller)
    {
        var values = file.Header.Parameters
            .Select(parameter => parameter.Claim is { } claim
                ? caller?.Claim(claim)
                : ValueOf(parameter, parameters))
            .ToArray();
        var limit = parameters.OptionalInteger(Limit, min: 1, file.Header.MaxRows ?? long.MaxValue);
        var (runsAs, refused) = QueryUser.Read(file, options, caller);
        if (refused is not null)
            return (new QueryRun(file.ToQuery(values)), refused);

        var run = new QueryRun(file.ToQuery(values) with { RunsAs = runsAs }) { Limit = limit };
        var definition = QueryUser.Definition(file, options);
        return RowsRequest.Read(run, new ResumeIdentity(options.ResumeKey, file.Name, definition), parameters, asked);
    }

    /// <summary>The problem with values that Postgres does not take, or null if there is none.</summary>
    public static Problem? Refused(IReadOnlyList<(QueryParameter Parameter, string Reason)> refused)
        => refused.Count == 0
            ? null
            : refused.FirstOrDefault(value => value.Parameter.Claim is not null).Parameter is { } bound
            ? QueryUser.WrongClaim(bound)
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
