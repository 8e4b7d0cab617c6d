using ChunkStream.DurableStreams.Recordings;
using ChunkStream.Generators;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.App;

/// <summary>The generators that the app declares, and what they share.</summary>
internal sealed class DeclaredGenerators(
    IEnumerable<GeneratorEndpoint> generators, StreamEngine engine, Lazy<RecordingEndpoint> recordings)
{
    private readonly AnonymousGenerators _anonymous = new(engine.Options.MaxAnonymousStreams);
    private readonly Dictionary<string, GeneratorEndpoint> _byName =
        generators.ToDictionary(generator => generator.Name);

    private readonly Lazy<UiFile> _report = new(() => GeneratorReport.ToFile(generators));

    /// <summary>All of them.</summary>
    public IReadOnlyCollection<GeneratorEndpoint> All => _byName.Values;

    /// <summary>The file of the page that lists them.</summary>
    public UiFile Report => _report.Value;

    /// <summary>The answer to one request.</summary>
    /// <exception cref="InvalidOperationException">The app declares no generator of this name.</exception>
    public IResult Answer(HttpRequest request, string name)
        => _byName.TryGetValue(name, out var generator)
            ? generator.Answer(request, _anonymous, recordings)
            : throw new InvalidOperationException($"No generator '{name}' is declared: AddGenerator() declares it.");
}
