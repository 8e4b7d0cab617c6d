using ChunkStream.Http;
using ChunkStream.Identity;
using ChunkStream.Postgres.Requests;
using ChunkStream.Postgres.Rows;
using ChunkStream.Postgres.Statements;
using ChunkStream.Problems;

namespace ChunkStream.Postgres.Queries;

/// <summary>What one request asks of a declared query.</summary>
internal static class QueryRequest
{
    private const string Limit = "limit";
    private const string Live = "live";

    /// <summary>The query parameters of every declared query, which its file can't declare.</summary>
    public static readonly string[] Parameters = [Limit, Live, .. RowsRequest.Parameters];

    /// <summary>How a request follows a query. Mistakes are added to <paramref name="parameters"/>.</summary>
    /// <param name="file">The query.</param>
    /// <param name="parameters">The query string.</param>
    public static LiveMode ReadLive(QueryFile file, RequestParameters parameters)
    {
        if (parameters.Text(Live) is not { } text)
            return LiveMode.None;
        if (file.Header.Live is null)
            parameters.Refuse(Live, "This query is not live: its file does not declare it.");
        switch (text)
        {
            case "sse":
                return LiveMode.Stream;
            case "long-poll":
                return LiveMode.Poll;
            default:
                parameters.Refuse(Live, $"'{Live}' must be sse or long-poll.");
                return LiveMode.None;
        }
    }

    /// <summary>
    /// Reads the request's parameters. Mistakes are added to <paramref name="parameters"/>; a problem with the resume
    /// token is returned.
    /// </summary>
    /// <param name="file">The query.</param>
    /// <param name="given">The values of parameters that the endpoint gives; the request gives the others.</param>
    /// <param name="parameters">The query string.</param>
    /// <param name="asked">What else the request asks; its Last-Event-ID has precedence over <c>?resume=</c>.</param>
    /// <param name="options">The settings of the queries.</param>
    /// <param name="caller">Who asks; null where the query is not for users.</param>
    /// <param name="live">Whether, and how, the request follows the query.</param>
    /// <exception cref="InvalidOperationException">
    /// The endpoint gives a value that the query does not take from it.
    /// </exception>
    /// <exception cref="ArgumentException">No Postgres type belongs to the type of a given value.</exception>
    public static (QueryRun Run, Problem? Problem) Read(
        QueryFile file,
        IDictionary<string, object?> given,
        RequestParameters parameters,
        StreamRequest asked,
        QueryOptions options,
        Caller? caller,
        LiveMode live = LiveMode.None)
    {
        var values = Values(file, given, caller, parameters, parameter => parameters.Text(parameter.Name));
        if (live is not LiveMode.None && parameters.Text(Limit) is not null)
            parameters.Refuse(Limit, $"'{Limit}' can't stand beside '{Live}'.");
        var limit = parameters.OptionalInteger(Limit, min: 1, file.Header.MaxRows ?? long.MaxValue);
        var (runsAs, refused) = QueryUser.Read(file, options, caller);
        var run = new QueryRun(file.ToQuery(values) with { RunsAs = runsAs })
        {
            Limit = limit,
            IsLive = live is not LiveMode.None,
        };
        var definition = QueryUser.Definition(file, options);
        var identity = new ResumeIdentity(options.ResumeKey, file.Name, definition);

        // Also for a caller who is refused: parameters that nobody has read would count as unknown.
        (run, var problem) = RowsRequest.Read(run, identity, parameters, asked);
        return (run, refused ?? problem);
    }

    /// <summary>
    /// The values of a query's parameters, in the order of their declaration: those that are bound to claims from the
    /// caller's token, those that the endpoint gives from there, and the others from the request. Mistakes are added to
    /// <paramref name="parameters"/>.
    /// </summary>
    /// <param name="file">The query.</param>
    /// <param name="given">The values that the endpoint gives, by the names of the parameters.</param>
    /// <param name="caller">Who asks; null where the query is not for users.</param>
    /// <param name="parameters">The query string.</param>
    /// <param name="text">What the request gives for a parameter; null for nothing.</param>
    /// <exception cref="InvalidOperationException">
    /// The endpoint gives a value that the query does not take from it.
    /// </exception>
    /// <exception cref="ArgumentException">No Postgres type belongs to the type of a given value.</exception>
    public static IReadOnlyList<string?> Values(
        QueryFile file,
        IDictionary<string, object?> given,
        Caller? caller,
        RequestParameters parameters,
        Func<QueryParameter, string?> text)
    {
        ThrowIfNotTaken(file, given);
        return [.. file.Header.Parameters.Select(parameter => parameter switch
        {
            { Claim: { } claim } => caller?.Claim(claim),
            _ when given.TryGetValue(parameter.Name, out var value)
                => SqlValue.Create(value, typeof(object), parameter.Name).Text,
            _ => ValueOf(parameter, text(parameter), parameters),
        })];
    }

    /// <summary>The problem with values that Postgres does not take, or null if there is none.</summary>
    public static Problem? Refused(IReadOnlyList<(QueryParameter Parameter, string Reason)> refused)
    {
        if (refused.Count == 0)
            return null;
        return refused.FirstOrDefault(value => value.Parameter.Claim is not null).Parameter is { } bound
            ? QueryUser.WrongClaim(bound)
            : Problem.InvalidParameters([.. refused.Select(value => new ParameterError(
                value.Parameter.Name,
                $"'{value.Parameter.Name}' must be of type {value.Parameter.Type}: {value.Reason}."))]);
    }

    // The value of a parameter that is bound to a claim comes from the caller's token only.
    private static void ThrowIfNotTaken(QueryFile file, IDictionary<string, object?> given)
    {
        var taken = file.Header.Parameters.Where(parameter => parameter.Claim is null)
            .Select(parameter => parameter.Name)
            .ToArray();
        if (given.Keys.Except(taken, StringComparer.OrdinalIgnoreCase).FirstOrDefault() is { } unknown)
        {
            throw new InvalidOperationException(
                $"The endpoint gives a value for '{unknown}', which the query '{file.Name}' does not take; it takes "
                + $"{(taken.Length == 0 ? "none" : string.Join(", ", taken))}.");
        }
    }

    private static string? ValueOf(QueryParameter parameter, string? text, RequestParameters parameters)
    {
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

/// <summary>How a request follows a query.</summary>
internal enum LiveMode
{
    /// <summary>Not: it gets the rows as they are.</summary>
    None,

    /// <summary>In a response that lasts.</summary>
    Stream,

    /// <summary>In a response that ends once something has changed.</summary>
    Poll,
}
