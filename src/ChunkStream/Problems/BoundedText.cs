using System.Globalization;
using System.Text;

namespace ChunkStream.Problems;

/// <summary>Texts that came from elsewhere, in answers and in the log: no longer than is of use, and never more than text.</summary>
internal static class BoundedText
{
    /// <summary>The beginning of a text that is too long.</summary>
    public static string Cut(string text, int length)
        => text.Length <= length ? text
            : string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[length - 1]) ? length - 1 : length), "…");

    /// <summary>A text as one line that no terminal takes for a command: control characters and line breaks are escaped.</summary>
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

    // With those that turn the direction of what follows.
    private static bool IsControl(char character)
        => char.GetUnicodeCategory(character) is UnicodeCategory.Control or UnicodeCategory.Format
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
