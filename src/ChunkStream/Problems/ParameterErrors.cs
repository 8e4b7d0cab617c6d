using System.Globalization;

namespace ChunkStream.Problems;

/// <summary>
/// What is wrong with a request, as much of it as helps: a request of some kilobytes can have a thousand mistakes, and must
/// not draw an answer of many times its size.
/// </summary>
internal static class ParameterErrors
{
    private const int Most = 20;
    private const int NameLength = 64;
    private const int DetailLength = 500;

    /// <summary>The first of them, each of bounded length.</summary>
    public static IReadOnlyList<ParameterError> Bounded(IReadOnlyList<ParameterError> errors)
        => [.. errors.Take(Most).Select(error => new ParameterError(
            BoundedText.Cut(error.Parameter, NameLength), BoundedText.Cut(error.Detail, DetailLength)))];

    /// <summary>Them as sentences, and how many more there are.</summary>
    public static string Detail(IReadOnlyList<ParameterError> errors)
    {
        var sentences = string.Join(' ', Bounded(errors).Select(error => error.Detail));
        return errors.Count <= Most ? sentences
            : string.Create(CultureInfo.InvariantCulture, $"{sentences} And {errors.Count - Most} more.");
    }
}
