using System.Globalization;

namespace ChunkStream.Problems;

/// <summary>
/// Bounds what a client is told of its mistakes: a request of a few kilobytes can have a thousand of them, and must not
/// get an answer of many times its size.
/// </summary>
internal static class ParameterErrors
{
    private const int Most = 20;
    private const int NameLength = 64;
    private const int DetailLength = 500;

    /// <summary>The first mistakes, each cut to a bounded length.</summary>
    public static IReadOnlyList<ParameterError> Bounded(IReadOnlyList<ParameterError> errors)
        => [.. errors.Take(Most).Select(error => new ParameterError(
            BoundedText.Cut(error.Parameter, NameLength), BoundedText.Cut(error.Detail, DetailLength)))];

    /// <summary>The first mistakes as sentences, and how many more there are.</summary>
    public static string Detail(IReadOnlyList<ParameterError> errors)
    {
        var sentences = string.Join(' ', Bounded(errors).Select(error => error.Detail));
        return errors.Count <= Most ? sentences
            : string.Create(CultureInfo.InvariantCulture, $"{sentences} And {errors.Count - Most} more.");
    }
}
