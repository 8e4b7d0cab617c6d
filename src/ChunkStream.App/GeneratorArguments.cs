using System.Globalization;
using ChunkStream.Http;

namespace ChunkStream.App;

/// <summary>What one request gives for a generator's parameters; the defaults for the others.</summary>
public sealed class GeneratorArguments
{
    private readonly Dictionary<string, string?> _values;

    private GeneratorArguments(Dictionary<string, string?> values) => _values = values;

    /// <summary>The value of a parameter that was declared with <see cref="GeneratorParameter.Number"/>.</summary>
    /// <param name="name">The parameter's name.</param>
    /// <exception cref="KeyNotFoundException">The generator declares no such parameter.</exception>
    public int Number(string name) => int.Parse(_values[name]!, CultureInfo.InvariantCulture);

    /// <summary>The value of a parameter that was declared with <see cref="GeneratorParameter.Text"/>.</summary>
    /// <param name="name">The parameter's name.</param>
    /// <returns>The text, or null where neither the request nor the declaration gives one.</returns>
    /// <exception cref="KeyNotFoundException">The generator declares no such parameter.</exception>
    public string? Text(string name) => _values[name];

    /// <summary>All values as they were declared: they tell one recording's content from another's.</summary>
    internal string Subject
        => string.Join('&', _values.Select(pair => $"{pair.Key}={Uri.EscapeDataString(pair.Value ?? "")}"));

    /// <summary>Reads a request's arguments; its mistakes are collected in <paramref name="request"/>.</summary>
    internal static GeneratorArguments Read(IEnumerable<GeneratorParameter> declared, RequestParameters request)
        => new(declared.ToDictionary(parameter => parameter.Name, parameter => Read(parameter, request)));

    private static string? Read(GeneratorParameter parameter, RequestParameters request)
    {
        if (!parameter.IsInteger)
            return request.Text(parameter.Name) ?? parameter.Default;

        var defaultValue = int.Parse(parameter.Default!, CultureInfo.InvariantCulture);
        return request.Integer(parameter.Name, defaultValue, parameter.Least, parameter.Most)
            .ToString(CultureInfo.InvariantCulture);
    }
}
