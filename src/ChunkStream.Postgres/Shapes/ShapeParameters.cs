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
    /// <param name="parameters">The query string.</param>
    /// <param name="dialect">The protocol.</param>
    public static IReadOnlyList<string?> Read(QueryCall call, RequestParameters parameters, ShapeDialect dialect)
    {
        var number = 0;
        return [.. call.File.Header.Parameters.Select(parameter => parameter.Claim is { } claim
            ? call.Caller?.Claim(claim)
            : QueryRequest.ValueOf(parameter, Text(parameter, ++number, parameters, dialect), parameters))];
    }

    private static string? Text(
        QueryParameter parameter, int number, RequestParameters parameters, ShapeDialect dialect)
    {
        string[] names =
            [$"params[{parameter.Name}]", string.Create(CultureInfo.InvariantCulture, $"params[{number}]")];
        if (!dialect.Parameters.Contains(parameter.Name, StringComparer.OrdinalIgnoreCase))
            names = [.. names, parameter.Name];
        var given = names.Where(name => parameters.Text(name) is not null).ToArray();
        if (given.Length > 1)
        {
            parameters.Refuse(
                parameter.Name, $"'{parameter.Name}' is given as {string.Join(" and ", given)}: give it once.");
        }

        return given.Length == 0 ? null : parameters.Text(given[0]);
    }
}
