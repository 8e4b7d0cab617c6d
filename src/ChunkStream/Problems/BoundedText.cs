using System.Globalization;
using System.Text;

namespace ChunkStream.Problems;

/// <summary>
/// Makes texts that others sent safe for answers and for the log: short, and without control characters.
/// </summary>
internal static class BoundedText
{
    /// <summary>Cuts a text to a length, with "…" at the end if it was longer.</summary>
    public static string Cut(string text, int length)
        => text.Length <= length ? text
            : string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[length - 1]) ? length - 1 : length), "…");

    /// <summary>
    /// Makes a text one line that no terminal takes for a command: control characters and line breaks are escaped.
    /// </summary>
    public static string Line(string text, int length)
    {
        var cut = Cut(text, length);
        if (!cut.Any(IsControl))
            return cut;

        var line = new StringBuilder(cut.Length + 16);
        foreach (var character in cut)
        {
            if (IsControl(character))
                line.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}");
            else
                line.Append(character);
        }

        return line.ToString();
    }

    // "Format" has the characters that change the direction of the text after them.
    private static bool IsControl(char character)
        => char.GetUnicodeCategory(character) is UnicodeCategory.Control or UnicodeCategory.Format
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
