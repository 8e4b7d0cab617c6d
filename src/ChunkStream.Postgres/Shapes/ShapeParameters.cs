using System.Globalization;
using ChunkStream.Http;
using ChunkStream.Postgres.Queries;

namespace ChunkStream.Postgres.Shapes;

/// <summary>Reads the values of a query's parameters from a request for its shape.</summary>
internal static class ShapeParameters
{
    /// <summary>
    /// The values, in the order of their declaration. The client gives them as <c>params[name]</c>, by their number as
    /// <c>params[1]</c>, or by name alone, unless the protocol has a parameter of that name. Mistakes are added to
    /// <paramref name="parameters"/>.
    /// </summary>
    /// <param name="call">The query and its caller.</param>
    /// <param name="given">
    /// The values that the endpoint gives, by the names of the parameters. What the client sends for these is the
    /// endpoint's own business.
    /// </param>
    /// <param name="parameters">The query string.</param>
    /// <param name="dialect">The protocol.</param>
    /// <exception cref="InvalidOperationException">
    /// The endpoint gives a value that the query does not take from it.
    /// </exception>
    public static IReadOnlyList<string?> Read(
        QueryCall call, IDictionary<string, object?> given, RequestParameters parameters, ShapeDialect dialect)
    {
        // A claim is none of a client's parameters. One that an endpoint gives has its number nevertheless: numbers are
        // the same wherever the query is asked for.
        var names = call.File.Header.Parameters.Where(parameter => parameter.Claim is null).Index()
            .ToDictionary(item => item.Item.Name, item => Names(item.Item.Name, item.Index + 1, dialect));
        foreach (var (parameter, spellings) in names)
        {
            if (given.ContainsKey(parameter))
                Array.ForEach(spellings, parameters.Know);
        }

        return QueryRequest.Values(
            call.File,
            given,
            call.Caller,
            parameters,
            parameter => Text(parameter.Name, names[parameter.Name], parameters));
    }

    private static string[] Names(string parameter, int number, ShapeDialect dialect)
    {
        string[] names = [$"params[{parameter}]", string.Create(CultureInfo.InvariantCulture, $"params[{number}]")];
        return dialect.Parameters.Contains(parameter, StringComparer.OrdinalIgnoreCase) ? names : [.. names, parameter];
    }

    private static string? Text(string parameter, string[] names, RequestParameters parameters)
    {
        var given = names.Where(name => parameters.Text(name) is not null).ToArray();
        if (given.Length > 1)
            parameters.Refuse(parameter, $"'{parameter}' is given as {string.Join(" and ", given)}: give it once.");
        return given.Length == 0 ? null : parameters.Text(given[0]);
    }
}
