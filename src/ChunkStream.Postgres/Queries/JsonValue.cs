using System.Text;
using System.Text.Json;

namespace ChunkStream.Postgres.Queries;

/// <summary>
/// A value of JSON in the text form that Postgres reads: nothing is rounded or respelled on the way.
/// </summary>
internal static class JsonValue
{
    private const string ArrayWord = "array";

    /// <summary>
    /// The text form of a value for a parameter. A text stands for itself, as in a query string. A number, true or
    /// false is its token. A list for an array is an array; any other list, and an object, is its JSON.
    /// </summary>
    /// <param name="value">The value; not null, which is no text.</param>
    /// <param name="type">The parameter's type, as SQL spells it.</param>
    /// <exception cref="InvalidOperationException">A text in it is not valid Unicode.</exception>
    public static string ToText(JsonElement value, string type)
    {
        if (value.ValueKind is not JsonValueKind.Array || ElementType(type) is not { } element)
            return Scalar(value);

        // A list inside of a list is another dimension; but JSON can't be told from what holds it.
        var literal = new StringBuilder();
        WriteArray(value, isNested: !IsJson(element), literal);
        return literal.ToString();
    }

    private static string Scalar(JsonElement value)
        => value.ValueKind is JsonValueKind.String ? value.GetString()! : value.GetRawText();

    private static void WriteArray(JsonElement list, bool isNested, StringBuilder literal)
    {
        literal.Append('{');
        foreach (var (index, element) in list.EnumerateArray().Index())
        {
            if (index > 0)
                literal.Append(',');
            switch (element.ValueKind)
            {
                case JsonValueKind.Null:
                    literal.Append("NULL");
                    break;
                case JsonValueKind.Array when isNested:
                    WriteArray(element, isNested, literal);
                    break;
                default:
                    WriteQuoted(Scalar(element), literal);
                    break;
            }
        }

        literal.Append('}');
    }

    private static void WriteQuoted(string text, StringBuilder literal)
    {
        literal.Append('"');
        foreach (var letter in text)
        {
            if (letter is '"' or '\\')
                literal.Append('\\');
            literal.Append(letter);
        }

        literal.Append('"');
    }

    // The type of an array's elements; null if the type is not spelled as an array. SQL has two spellings: integer[]
    // and integer array, both with or without sizes.
    private static string? ElementType(string type)
    {
        var trimmed = type.TrimEnd();
        var element = trimmed;
        while (element.EndsWith(']') && element.LastIndexOf('[') is > 0 and var open)
            element = element[..open].TrimEnd();
        if (element.EndsWith(ArrayWord, StringComparison.OrdinalIgnoreCase)
            && element.Length > ArrayWord.Length
            && char.IsWhiteSpace(element[^(ArrayWord.Length + 1)]))
            return element[..^ArrayWord.Length].TrimEnd();
        return element.Length < trimmed.Length ? element : null;
    }

    private static bool IsJson(string type)
        => type[(type.LastIndexOf('.') + 1)..].Trim('"').ToUpperInvariant() is "JSON" or "JSONB";
}
