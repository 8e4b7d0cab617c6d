using System.Text.Json;
using System.Text.Json.Serialization;
using ChunkStream.Formats;

namespace ChunkStream.App;

/// <summary>A generator, as the page is told of it: in the words of the queries' catalogue.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Summary">What it gives, in a sentence.</param>
/// <param name="Path">Its path, under the API's address.</param>
/// <param name="Access"><c>anonymous</c> or <c>function</c>.</param>
/// <param name="Parameters">What it takes.</param>
/// <param name="Formats">The values that <c>?format=</c> takes.</param>
internal sealed record GeneratorReport(
    string Name,
    string Summary,
    string Path,
    string Access,
    IReadOnlyList<GeneratorParameterReport> Parameters,
    IReadOnlyList<string> Formats)
{
    /// <summary>The file of the page that lists generators.</summary>
    public static UiFile ToFile(IEnumerable<GeneratorEndpoint> generators) => new(
        "application/json",
        JsonSerializer.SerializeToUtf8Bytes(
            [.. generators.Select(Create)], GeneratorReportJson.Default.GeneratorReportArray));

    private static GeneratorReport Create(GeneratorEndpoint generator) => new(
        generator.Name,
        generator.Summary,
        generator.Name,
        generator.Access == EndpointAccess.Anonymous ? "anonymous" : "function",
        [.. generator.Parameters.Select(given => new GeneratorParameterReport(given.Name, given.Type, given.Default))],
        [.. StreamFormats.All.Select(format => format.Name)]);
}

/// <summary>A parameter of a generator.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type"><c>integer</c> or <c>text</c>.</param>
/// <param name="Default">Its value where it is not given, or null.</param>
internal sealed record GeneratorParameterReport(string Name, string Type, string? Default);

/// <summary>The JSON of the list, without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(GeneratorReport[]))]
internal sealed partial class GeneratorReportJson : JsonSerializerContext;
