using System.Text;

namespace ChunkStream.Postgres.Statements;

/// <summary>A value as it is sent to Postgres.</summary>
/// <param name="Type">Its type in SQL; null where it takes the type of what it stands beside.</param>
/// <param name="Text">Its text form; null is NULL.</param>
internal sealed record SqlValue(string? Type, string? Text)
{
    /// <summary>Finds type and text of a value.</summary>
    /// <param name="value">The value.</param>
    /// <param name="declared">The type of the expression, which also a null has.</param>
    /// <param name="expression">The expression, for messages.</param>
    /// <exception cref="ArgumentException">No Postgres type belongs to the value's type.</exception>
    public static SqlValue Create(object? value, Type declared, string expression)
    {
        var type = value?.GetType() ?? Nullable.GetUnderlyingType(declared) ?? declared;
        if (SqlTypes.Find(type) is { } known)
            return value is null ? new SqlValue(known.Name(null), null) : known.Value(value);
        if (ElementOf(type) is { } element && SqlTypes.Find(element) is { } elements)
            return value is null
                ? new SqlValue(ArrayOf(elements.Name(null)), null)
                : Array((System.Collections.IEnumerable)value, elements, expression);
        return value is null
            ? new SqlValue(null, null)
            : throw new ArgumentException(
                $"{{{expression}}} is a {type}, and no type of Postgres belongs to that. "
                + "A parameter is a number, bool, text, enum, date, time, Guid, byte[], IPAddress, "
                + "JSON (JsonElement, JsonDocument, JsonNode), or a sequence of one of these.",
                expression);
    }

    private static SqlValue Array(System.Collections.IEnumerable items, SqlType elements, string expression)
    {
        var text = new StringBuilder("{");
        string? type = null;
        foreach (var item in items)
        {
            if (text.Length > 1)
                text.Append(',');
            if (item is null)
            {
                text.Append("NULL");
                continue;
            }

            var element = elements.Value(item);
            if (type is not null && element.Type != type)
            {
                throw new ArgumentException(
                    $"{{{expression}}} has both times of UTC and times without a time zone: "
                    + "its elements have no one type.",
                    expression);
            }

            type = element.Type;
            var escaped = element.Text!
                .Replace("\\", "\\\\", StringComparison.Ordinal)
                .Replace("\"", "\\\"", StringComparison.Ordinal);
            text.Append('"').Append(escaped).Append('"');
        }

        return new SqlValue(ArrayOf(type ?? elements.Name(null)), text.Append('}').ToString());
    }

    private static string? ArrayOf(string? type) => type is null ? null : type + "[]";

    // The type of a sequence's elements; null if the type is no sequence.
    private static Type? ElementOf(Type type)
    {
        var sequence = type.GetInterfaces().Prepend(type)
            .FirstOrDefault(one => one.IsGenericType && one.GetGenericTypeDefinition() == typeof(IEnumerable<>));
        return sequence is null || (type.IsArray && type.GetArrayRank() > 1) ? null
            : Nullable.GetUnderlyingType(sequence.GenericTypeArguments[0]) ?? sequence.GenericTypeArguments[0];
    }
}
