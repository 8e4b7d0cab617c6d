using Microsoft.Playwright;

namespace ChunkStream.Functions.Tests.Browser;

/// <summary>What a test answers a page in place of the server, and what the page's requests bring.</summary>
internal static class Answers
{
    private const string NoKey = """{"title":"Unauthorized","status":401,"detail":"It needs a key."}""";
    private const string Schema =
        """{"schema":{"columns":[{"name":"id","type":"int8"}],"estimatedRows":null,"checkpoints":true}}""";

    /// <summary>The function key; null if there is none, or an empty one.</summary>
    public static string? Key(this IRequest request)
        => request.Headers.GetValueOrDefault("x-functions-key") is { Length: > 0 } key ? key : null;

    /// <summary>The access token; null if there is none.</summary>
    public static string? Token(this IRequest request)
        => request.Headers.GetValueOrDefault("authorization")?["Bearer ".Length..];

    /// <summary>Refuses: a function key is needed.</summary>
    public static Task RefuseAsync(this IRoute route)
        => route.FulfillAsync(new() { Status = 401, ContentType = "application/problem+json", Body = NoKey });

    /// <summary>Refuses requests without a function key; the server answers the others.</summary>
    public static Task RefuseWithoutKeyAsync(this IRoute route)
        => route.Request.Key() is null ? route.RefuseAsync() : route.FallbackAsync();

    /// <summary>Answers with a stream in frames: the schema of rows with an id, and these lines.</summary>
    public static Task StreamAsync(this IRoute route, params string[] lines)
        => route.FulfillAsync(new()
        {
            ContentType = "application/vnd.chunkstream+ndjson",
            Body = string.Join('\n', [Schema, .. lines, ""]),
        });
}
