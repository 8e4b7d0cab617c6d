using System.Globalization;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Http;

/// <summary>
/// Reads the query string of one request, and collects every mistake, so that the client is told of all of them at
/// once.
/// </summary>
internal sealed class RequestParameters(IQueryCollection query)
{
    /// <summary>
    /// The parameters that every endpoint allows. The Functions host reads the access key from the first two, jQuery
    /// and others use the third to get past caches, and the last ones stand for a header.
    /// </summary>
    public static readonly string[] AllowedEverywhere = ["code", "clientId", "_", .. LastEventId.Parameters];

    private readonly List<ParameterError> _errors = [];
    private readonly List<string> _known = [];

    /// <summary>Whether unknown parameters are ignored. They are mistakes otherwise.</summary>
    public bool IgnoresOthers { get; init; }

    /// <summary>Reads a whole number within a range.</summary>
    public int Integer(string name, int defaultValue, int min, int max)
        => (int)(OptionalInteger(name, min, max) ?? defaultValue);

    /// <summary>Reads a whole number within a range; null if the parameter is not given.</summary>
    public long? OptionalInteger(string name, long min, long max)
    {
        if (Text(name) is not { } text)
            return null;

        // .NET's parser passes over null characters that follow a number.
        if (!text.Contains('\0', StringComparison.Ordinal)
            && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            && value >= min && value <= max)
            return value;

        var range = max == long.MaxValue
            ? string.Create(CultureInfo.InvariantCulture, $"of {min} or more")
            : string.Create(CultureInfo.InvariantCulture, $"from {min} to {max}");
        Refuse(name, $"'{name}' must be a whole number {range}, but is '{Shortened(text)}'.");
        return null;
    }

    /// <summary>Reads one of several words; the first of them if the parameter is not given.</summary>
    public string OneOf(string name, params string[] words)
    {
        if (Text(name) is not { } text)
            return words[0];

        if (words.Contains(text))
            return text;

        Refuse(name, $"'{name}' must be {string.Join(" or ", words)}, but is '{Shortened(text)}'.");
        return words[0];
    }

    /// <summary>Reads a text; null if the parameter is not given.</summary>
    public string? Text(string name)
    {
        _known.Add(name);
        if (!query.TryGetValue(name, out var values))
            return null;

        if (values.Count > 1)
            Refuse(name, $"'{name}' is given {values.Count} times; give it once.");
        return values[0];
    }

    /// <summary>Notes that the endpoint takes a parameter, although it does not read it for this request.</summary>
    public void Know(string name) => _known.Add(name);

    /// <summary>Whether a mistake was found so far.</summary>
    public bool HasMistakes => _errors.Count > 0;

    /// <summary>Adds a mistake that the caller found.</summary>
    /// <param name="name">The parameter's name.</param>
    /// <param name="detail">What is wrong, and what is allowed: a sentence.</param>
    public void Refuse(string name, string detail) => _errors.Add(new ParameterError(name, detail));

    /// <summary>
    /// The problem with all mistakes, or null if there is none. Call it last: parameters that were not read by then are
    /// unknown.
    /// </summary>
    public Problem? Problem()
    {
        foreach (var name in IgnoresOthers ? [] : query.Keys)
        {
            if (!IsIn(_known, name) && !IsIn(AllowedEverywhere, name))
                Refuse(name, $"'{Shortened(name)}' is not a parameter of this endpoint; it takes {Names()}.");
        }

        return _errors.Count == 0 ? null : Problems.Problem.InvalidParameters(_errors);
    }

    private string Names()
        => _known.Count == 0 ? "none" : string.Join(", ", _known.Distinct().Select(name => $"'{name}'"));

    private static bool IsIn(IEnumerable<string> names, string name)
        => names.Contains(name, StringComparer.OrdinalIgnoreCase);

    // A message quotes the mistaken text, but never a megabyte of it.
    private static string Shortened(string text) => BoundedText.Cut(text, 64);
}
