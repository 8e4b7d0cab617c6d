using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ChunkStream.App.OpenApi;
using ChunkStream.DurableStreams.Recordings;
using ChunkStream.Formats;
using ChunkStream.Generators;
using ChunkStream.Http;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.App;

/// <summary>
/// A generator with a route of its own, declared once with <c>AddGenerator</c>: the local host serves it, and the page
/// offers it. The function app needs one method for it besides, since Azure learns of functions when the app is built.
/// </summary>
public abstract class GeneratorEndpoint
{
    private protected GeneratorEndpoint(string name, string summary)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentException.ThrowIfNullOrEmpty(summary);
        if (!name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '-'))
        {
            throw new ArgumentException(
                $"'{name}' can't be a route: it may have letters, digits and '-'.", nameof(name));
        }

        (Name, Summary) = (name, summary);
    }

    /// <summary>The function's name, and its route under the prefix of host.json.</summary>
    public string Name { get; }

    /// <summary>What it gives, in a sentence. The page tells it to everyone.</summary>
    public string Summary { get; }

    /// <summary>
    /// Who may call it. Default <see cref="EndpointAccess.Function"/>. Of those that need no key, only so many run at a
    /// time as the setting <c>ChunkStream:Streaming:MaxAnonymousStreams</c> allows.
    /// </summary>
    public EndpointAccess Access { get; init; } = EndpointAccess.Function;

    /// <summary>What it takes from the query string. Any other parameter is answered 400. Default: none.</summary>
    public IReadOnlyList<GeneratorParameter> Parameters { get; init; } = [];

    /// <summary>
    /// Whether <c>?record=name</c> records it in a durable stream; without a key only where the setting
    /// <c>ChunkStream:Streams:PublicRecording</c> allows it. Default false.
    /// </summary>
    public bool IsRecordable { get; init; }

    /// <summary>Calls worth trying, which the local host prints when it is ready. Default: none.</summary>
    public IReadOnlyList<ExampleCall> Examples { get; init; } = [];

    /// <summary>Describes it for programs.</summary>
    internal DescribedGenerator Describe(IServiceProvider services) => new(
        Name,
        Summary,
        Access is EndpointAccess.Function,
        IsRecordable,
        [.. Parameters.Select(given => new DescribedArgument(
            given.Name, given.IsInteger ? (given.Least, given.Most) : null, given.Default))],
        ItemSchema(services));

    /// <summary>The JSON Schema of its items; null where none can be told.</summary>
    private protected abstract JsonNode? ItemSchema(IServiceProvider services);

    internal abstract IResult Answer(
        HttpRequest request, AnonymousGenerators anonymous, Lazy<RecordingEndpoint> recordings);
}

/// <summary>A generator whose items have a type.</summary>
/// <typeparam name="T">The items' type. Texts are lines, all else is JSON.</typeparam>
/// <param name="name">The function's name and its route: letters, digits and <c>-</c>.</param>
/// <param name="summary">What it gives, in a sentence. The page tells it to everyone.</param>
/// <param name="generate">
/// Starts it with the request's arguments. Its token is cancelled when nobody wants the stream any more.
/// </param>
/// <param name="typeInfo">How an item becomes JSON. Default: by the app's own options for HTTP.</param>
public sealed class GeneratorEndpoint<T>(
    string name,
    string summary,
    Func<GeneratorArguments, CancellationToken, IAsyncEnumerable<T>> generate,
    JsonTypeInfo<T>? typeInfo = null) : GeneratorEndpoint(name, summary)
{
    private protected override JsonNode? ItemSchema(IServiceProvider services)
    {
        try
        {
            return AsWritten(typeInfo ?? AppJson.TypeInfo<T>(services)).GetJsonSchemaAsNode(
                new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true });
        }
        catch (NotSupportedException)
        {
            // JSON that is written by a program of the app's has no schema.
            return null;
        }
    }

    // ASP.NET Core's options also read numbers from strings. The schema would say so, but nothing is read here.
    private static JsonTypeInfo AsWritten(JsonTypeInfo<T> type)
    {
        if (!type.Options.NumberHandling.HasFlag(JsonNumberHandling.AllowReadingFromString))
            return type;
        var options = new JsonSerializerOptions(type.Options);
        options.NumberHandling &= ~JsonNumberHandling.AllowReadingFromString;
        return options.GetTypeInfo(typeof(T));
    }

    internal override IResult Answer(
        HttpRequest request, AnonymousGenerators anonymous, Lazy<RecordingEndpoint> recordings)
    {
        var parameters = new RequestParameters(request.Query);
        var arguments = GeneratorArguments.Read(Parameters, parameters);
        var json = typeInfo ?? AppJson.TypeInfo<T>(request.HttpContext.RequestServices);
        parameters.Know("format");
        var record = IsRecordable ? parameters.Text(RecordingEndpoint.Parameter) : null;
        var asked = StreamRequest.Read(request, parameters, StreamFormats.DefaultFor<T>(), Name);
        if (record is not null)
        {
            var generator = RecordableGenerator.Create(new RecordingName(Name, record), Generate, json) with
            {
                Subject = arguments.Subject,
            };
            return Access == EndpointAccess.Anonymous
                ? recordings.Value.AnswerWithoutKey(asked, parameters, Name, generator)
                : recordings.Value.Answer(asked, parameters, Name, generator);
        }

        var stream = new OfferedStream(
            Name, (encoding, token) => new GeneratorSource<T>(Generate, json, encoding, token));
        return asked.Answer(stream, asked.MustStartAnew());

        IAsyncEnumerable<T> Generate(CancellationToken token)
        {
            var items = generate(arguments, token);
            return Access == EndpointAccess.Anonymous ? anonymous.Run(items, token) : items;
        }
    }
}
