using System.Globalization;

namespace ChunkStream.App;

/// <summary>
/// A parameter of a generator: checked before the generator is started, and a field of the page's form. Made by
/// <see cref="Number"/> and <see cref="Text"/>.
/// </summary>
public sealed class GeneratorParameter
{
    private GeneratorParameter(string name, string type, string? defaultValue)
        => (Name, Type, Default) = (name, type, defaultValue);

    /// <summary>Its name in the query string.</summary>
    public string Name { get; }

    /// <summary>Its value where the request gives none; null for a text that may be left out.</summary>
    public string? Default { get; }

    /// <summary>What the page calls its type: <c>integer</c> or <c>text</c>.</summary>
    internal string Type { get; }

    internal int Least { get; private init; }

    internal int Most { get; private init; }

    internal bool IsInteger => Type == "integer";

    /// <summary>A whole number within a range. Anything else is answered 400, with the range.</summary>
    /// <param name="name">Its name in the query string.</param>
    /// <param name="defaultValue">Its value where the request gives none.</param>
    /// <param name="least">The least value that is allowed.</param>
    /// <param name="most">The largest value that is allowed.</param>
    /// <exception cref="ArgumentOutOfRangeException">The default is outside of the range.</exception>
    public static GeneratorParameter Number(string name, int defaultValue, int least, int most)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentOutOfRangeException.ThrowIfLessThan(defaultValue, least);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(defaultValue, most);
        return new GeneratorParameter(name, "integer", defaultValue.ToString(CultureInfo.InvariantCulture))
        {
            Least = least,
            Most = most,
        };
    }

    /// <summary>A text.</summary>
    /// <param name="name">Its name in the query string.</param>
    /// <param name="defaultValue">Its value where the request gives none, or null.</param>
    public static GeneratorParameter Text(string name, string? defaultValue = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new GeneratorParameter(name, "text", defaultValue);
    }
}
