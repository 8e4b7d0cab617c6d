using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using ChunkStream.Http;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace ChunkStream.Postgres.Queries;

/// <summary>
/// Reads the parameters that come in a body: a JSON object with those that the query's file declares. What says how the
/// rows are given, and from where, stays in the query string.
/// </summary>
internal static class PostedParameters
{
    /// <summary>The parameters of body and query string together. Mistakes of the body are among theirs.</summary>
    /// <param name="file">The query.</param>
    /// <param name="query">The query string.</param>
    /// <param name="body">The body.</param>
    /// <exception cref="ProblemException">The body is no JSON object: 400.</exception>
    public static RequestParameters Read(QueryFile file, IQueryCollection query, ReadOnlyMemory<byte> body)
    {
        if (body.IsEmpty)
            throw Invalid("The body is empty: it must be a JSON object, such as {\"min_delay\": 60}, or {}.");
        if (!Utf8.IsValid(body.Span))
            throw Invalid("The body is not JSON: it is not valid UTF-8.");
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.ValueKind is JsonValueKind.Object
                ? Read(file, query, json.RootElement)
                : throw Invalid("The body must be a JSON object, such as {\"min_delay\": 60}.");
        }
        catch (JsonException mistake)
        {
            throw Invalid(string.Create(CultureInfo.InvariantCulture,
                $"The body is not valid JSON, at line {mistake.LineNumber + 1}, byte "
                + $"{mistake.BytePositionInLine + 1}; or it is nested too deep."));
        }
    }

    private static RequestParameters Read(QueryFile file, IQueryCollection query, JsonElement body)
    {
        var given = new Dictionary<string, StringValues>(query, StringComparer.OrdinalIgnoreCase);
        var mistakes = new List<ParameterError>();
        foreach (var member in body.EnumerateObject())
        {
            var name = NameOf(member);
            if (Refusal(file, name, member.Value) is { } refusal)
                mistakes.Add(new ParameterError(name, refusal));
            else if (TextOf(file, name, member.Value) is { } text)
                given[name] = StringValues.Concat(given.GetValueOrDefault(name), text);
            else if (member.Value.ValueKind is not JsonValueKind.Null)
                mistakes.Add(new ParameterError(name, $"'{name}' has half of a surrogate pair, which is no text."));
        }

        var parameters = new RequestParameters(new QueryCollection(given));
        foreach (var mistake in mistakes)
            parameters.Refuse(mistake.Parameter, mistake.Detail);
        return parameters;
    }

    private static string? Refusal(QueryFile file, string name, JsonElement value)
    {
        if (QueryParameter.Taken.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            return $"'{name}' belongs into the query string: "
                + "the body has the parameters that the query's file declares.";
        }

        // A query must get no value from a body that it could not get from a query string: limit @most, for example,
        // is no limit where that is NULL.
        return value.ValueKind is JsonValueKind.Null && Find(file, name) is { } parameter
            && (parameter.IsRequired || parameter.Default is not null)
            ? $"'{name}' can't be null: it is of type {parameter.Type}, and the query's file does not declare '= null'."
            : null;
    }

    private static string? TextOf(QueryFile file, string name, JsonElement value)
    {
        try
        {
            return value.ValueKind is JsonValueKind.Null
                ? null
                : JsonValue.ToText(value, Find(file, name)?.Type ?? "");
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static string NameOf(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException)
        {
            throw Invalid("The name of a parameter has half of a surrogate pair, which is no text.");
        }
    }

    private static QueryParameter? Find(QueryFile file, string name)
        => file.Header.Parameters.FirstOrDefault(
            parameter => parameter.Claim is null && parameter.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static ProblemException Invalid(string detail) => new(BodyProblems.Invalid(detail));
}
