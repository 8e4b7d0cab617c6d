using ChunkStream.Formats;
using Microsoft.OpenApi;

namespace ChunkStream.App.OpenApi;

/// <summary>
/// A description of the API that is being written: what all its operations share, and what each content is.
/// </summary>
internal sealed class ApiDocument
{
    private const string Key = "functionKey";
    private const string KeyInUrl = "functionKeyInUrl";
    private const string Token = "accessToken";
    private const string Refused = "Refused";

    private readonly Dictionary<string, IOpenApiSchema> _schemas = SharedSchemas.All();
    private readonly Dictionary<string, IOpenApiParameter> _parameters = SharedParameters.All();
    private readonly bool _hasItemSchemas;

    /// <summary>Begins a description.</summary>
    /// <param name="server">The address of the API, from the root of its host.</param>
    /// <param name="hasItemSchemas">
    /// Whether it may say what the items of a stream are, which OpenAPI can since version 3.2.
    /// </param>
    public ApiDocument(string server, bool hasItemSchemas)
    {
        _hasItemSchemas = hasItemSchemas;
        Document = new OpenApiDocument
        {
            Info = new OpenApiInfo
            {
                Title = "ChunkStream",
                Version = typeof(ApiDocument).Assembly.GetName().Version!.ToString(3),
                Description = "Streams of rows, of generators, and durable streams.",
                License = new OpenApiLicense { Name = "MIT", Identifier = "MIT" },
            },
            Servers = [new OpenApiServer { Url = server }],
            Tags = ApiTags.All(),
            Paths = [],
            Components = new OpenApiComponents
            {
                Schemas = new Dictionary<string, IOpenApiSchema>(),
                Parameters = new Dictionary<string, IOpenApiParameter>(),
                Responses = new Dictionary<string, IOpenApiResponse>(),
                SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
                {
                    [Key] = InRequest("x-functions-key", ParameterLocation.Header),
                    [KeyInUrl] = InRequest("code", ParameterLocation.Query),
                    [Token] = new OpenApiSecurityScheme
                    {
                        Type = SecuritySchemeType.Http,
                        Scheme = "bearer",
                        BearerFormat = "JWT",
                        Description = "An access token of a user, of an issuer that the server's settings name.",
                    },
                },
            },
        };
        Document.Components.Responses.Add(Refused, new OpenApiResponse
        {
            Description = "A problem (RFC 9457).",
            Content = new Dictionary<string, IOpenApiMediaType>
            {
                ["application/problem+json"] = new OpenApiMediaType { Schema = Schema(SharedSchemas.Problem) },
            },
        });
    }

    /// <summary>The description.</summary>
    public OpenApiDocument Document { get; }

    /// <summary>A schema of the components. A shared one is among them once it is used.</summary>
    public IOpenApiSchema Schema(string name)
    {
        if (_schemas.TryGetValue(name, out var shared))
            Document.Components!.Schemas!.TryAdd(name, shared);
        return new OpenApiSchemaReference(name, Document);
    }

    /// <summary>A shared parameter, which is among the components once it is used.</summary>
    public IOpenApiParameter Parameter(string name)
    {
        Document.Components!.Parameters!.TryAdd(name, _parameters[name]);
        return new OpenApiParameterReference(name, Document);
    }

    /// <summary>Adds an operation.</summary>
    /// <param name="path">Its path, with a slash before it.</param>
    /// <param name="method">Its method.</param>
    /// <param name="tag">What it belongs to, one of <see cref="ApiTags"/>.</param>
    /// <param name="access">Who may call it.</param>
    /// <param name="operation">The rest.</param>
    public void Add(string path, HttpMethod method, string tag, ApiAccess access, OpenApiOperation operation)
    {
        operation.Tags = new HashSet<OpenApiTagReference> { new(tag, Document) };
        operation.Security = Security(access);
        operation.Responses ??= [];
        operation.Responses.TryAdd("4XX", new OpenApiResponseReference(Refused, Document));
        operation.Responses.TryAdd("5XX", new OpenApiResponseReference(Refused, Document));
        if (!Document.Paths.TryGetValue(path, out var item))
            Document.Paths.Add(path, item = new OpenApiPathItem());
        ((OpenApiPathItem)item).AddOperation(method, operation);
    }

    /// <summary>The response that streams items, in each format.</summary>
    /// <param name="item">What an item is.</param>
    /// <param name="isLive">Whether changes may follow.</param>
    public OpenApiResponse Streamed(IOpenApiSchema item, bool isLive = false) => new()
    {
        Description = "A stream. It is complete if it ends as its format says; any other end is broken.",
        Headers = new Dictionary<string, IOpenApiHeader>
        {
            ["ChunkStream-Estimated-Rows"] = new OpenApiHeader
            {
                Description = "About how many rows there will be.",
                Schema = JsonSchemas.Of(JsonSchemaType.Integer),
            },
        },
        Content = StreamFormats.All.ToDictionary(
            format => format.ContentType.Split(';')[0], format => (IOpenApiMediaType)Content(format, item, isLive)),
    };

    /// <summary>A JSON answer.</summary>
    public static OpenApiResponse Json(string description, IOpenApiSchema schema) => new()
    {
        Description = description,
        Content = new Dictionary<string, IOpenApiMediaType>
        {
            ["application/json"] = new OpenApiMediaType { Schema = schema },
        },
    };

    private OpenApiMediaType Content(StreamFormat format, IOpenApiSchema item, bool isLive) => format.Name switch
    {
        "ndjson" => Sequence(() => item, "A JSON value on each line."),
        "json" => new OpenApiMediaType
        {
            Schema = new OpenApiSchema { Type = JsonSchemaType.Array, Items = item },
        },
        "sse" => Sequence(() => EventOf(item, isLive), "Server-sent events."),
        "frames" => Sequence(
            () => FrameOf(item, isLive), "A JSON object on each line, whose one key says what it is."),
        _ => new OpenApiMediaType { Schema = JsonSchemas.Of(JsonSchemaType.String) },
    };

    private OpenApiSchema EventOf(IOpenApiSchema item, bool isLive) => new()
    {
        AnyOf = [SharedSchemas.Event(item, isLive ? ["upsert"] : []), Schema(SharedSchemas.OtherEvent)],
    };

    private OpenApiSchema FrameOf(IOpenApiSchema item, bool isLive) => new()
    {
        AnyOf = [.. SharedSchemas.RowFrames(item, isLive), Schema(SharedSchemas.Frame)],
    };

    // Before 3.2 only the whole content can be described, which is a text.
    private OpenApiMediaType Sequence(Func<IOpenApiSchema> item, string description) => _hasItemSchemas
        ? new OpenApiMediaType { ItemSchema = item() }
        : new OpenApiMediaType { Schema = JsonSchemas.Of(JsonSchemaType.String, description: description) };

    private List<OpenApiSecurityRequirement> Security(ApiAccess access) => access switch
    {
        ApiAccess.Key => [Require(Key), Require(KeyInUrl)],
        ApiAccess.Token => [Require(Token)],
        ApiAccess.EveryoneOrToken => [[], Require(Token)],
        _ => [],
    };

    private OpenApiSecurityRequirement Require(string scheme)
        => new() { [new OpenApiSecuritySchemeReference(scheme, Document)] = [] };

    private static OpenApiSecurityScheme InRequest(string name, ParameterLocation place) => new()
    {
        Type = SecuritySchemeType.ApiKey,
        Name = name,
        In = place,
        Description = "The function key.",
    };
}

/// <summary>Who may call an operation.</summary>
internal enum ApiAccess
{
    /// <summary>Everyone.</summary>
    Everyone,

    /// <summary>Whoever has a function key.</summary>
    Key,

    /// <summary>Users who have signed in.</summary>
    Token,

    /// <summary>Everyone, or users alone: a setting, or a policy, says so.</summary>
    EveryoneOrToken,
}
