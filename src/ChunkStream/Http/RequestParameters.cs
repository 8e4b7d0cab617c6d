using System.Globalization;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Http;

/// <summary>
/// Reads the query string of one request and collects every mistake, so that a client hears of all of them at once.
/// </summary>
internal sealed class RequestParameters(IQueryCollection query)
{
    /// <summary>
    /// Allowed everywhere: the Functions host reads the access key from the first two, jQuery and others make each URL a new one by
    /// the third, and what stands for a header is read with it.
    /// </summary>
    public static readonly string[] AllowedEverywhere = ["code", "clientId", "_", .. LastEventId.Parameters];

    private readonly List<ParameterError> _errors = [];
    private readonly List<string> _known = [];

    /// <summary>Whether parameters that nobody asked for are somebody else's, and no mistakes.</summary>
    public bool IgnoresOthers { get; init; }

    /// <summary>A whole number within a range.</summary>
    public int Integer(string name, int defaultValue, int min, int max)
    {
        if (Text(name) is not { } text)
            return defaultValue;

        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            && value >= min && value <= max)
            return value;

        Refuse(name, string.Create(CultureInfo.InvariantCulture,
            $"'{name}' must be a whole number from {min} to {max}, but is '{Shortened(text)}'."));
        return defaultValue;
    }

    /// <summary>A whole number within a range, or null where the parameter is not given.</summary>
    public long? OptionalInteger(string name, long min, long max)
    {
        if (Text(name) is not { } text)
            return null;

        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            && value >= min && value <= max)
            return value;

        Refuse(name, string.Create(CultureInfo.InvariantCulture,
            $"'{name}' must be a whole number from {min}{(max == long.MaxValue ? " on" : $" to {max}")}, but is '{Shortened(text)}'."));
        return null;
    }

    /// <summary>One of some words; the first where the parameter is not given.</summary>
    public string OneOf(string name, params string[] words)
    {
        if (Text(name) is not { } text)
            return words[0];

        if (words.Contains(text))
            return text;

        Refuse(name, $"'{name}' must be {string.Join(" or ", words)}, but is '{Shortened(text)}'.");
        return words[0];
    }

    /// <summary>A text, or null where the parameter is not given.</summary>
    public string? Text(string name)
    {
        _known.Add(name);
        if (!query.TryGetValue(name, out var values))
            return null;

        if (values.Count > 1)
            Refuse(name, $"'{name}' is given {values.Count} times; give it once.");
        return values[0];
    }

    /// <summary>Says that the endpoint takes a parameter, though it is not read this time.</summary>
    public void Know(string name) => _known.Add(name);

    /// <summary>Whether a mistake was found so far.</summary>
    public bool HasMistakes => _errors.Count > 0;

    /// <summary>Adds a mistake that the caller found.</summary>
    public void Refuse(string name, string detail) => _errors.Add(new ParameterError(name, detail));

    /// <summary>The problem to answer with, or null if all is well. Parameters that nobody asked for are mistakes.</summary>
    public Problem? Problem()
    {
        foreach (var name in IgnoresOthers ? [] : query.Keys)
        {
            if (!IsIn(_known, name) && !IsIn(AllowedEverywhere, name))
                Refuse(name, $"'{Shortened(name)}' is not a parameter of this endpoint; it takes {Names()}.");
        }

        return _errors.Count == 0 ? null : Problems.Problem.InvalidParameters(_errors);
    }

    private string Names() => _known.Count == 0 ? "none" : string.Join(", ", _known.Distinct().Select(name => $"'{name}'"));

    private static bool IsIn(IEnumerable<string> names, string name)
        => names.Contains(name, StringComparer.OrdinalIgnoreCase);

    // A mistake is quoted back, but not a megabyte of it.
    private static string Shortened(string text) => BoundedText.Cut(text, 64);
}
