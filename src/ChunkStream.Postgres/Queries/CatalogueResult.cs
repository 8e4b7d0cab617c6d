using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using ChunkStream.Formats;
using ChunkStream.Http;
using ChunkStream.Postgres.Failures;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Postgres.Queries;

/// <summary>The catalogue of queries: what each gives and takes, and which files are broken.</summary>
internal sealed class CatalogueResult(QueryCatalogue catalogue, QueryPaths paths) : IResult
{
    /// <inheritdoc />
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        using var lifetime = CancellationTokenSource.CreateLinkedTokenSource(
            httpContext.RequestAborted, Invocation.TokenFrom(httpContext));
        var response = httpContext.Response;
        response.ContentType = "application/json";
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        if (HttpMethods.IsHead(httpContext.Request.Method))
            return;

        var report = await ReportAsync(lifetime.Token).ConfigureAwait(false);
        var body = JsonSerializer.SerializeToUtf8Bytes(report, CatalogueJson.Readable.CatalogueReport);
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, lifetime.Token).ConfigureAwait(false);
    }

    private async Task<CatalogueReport> ReportAsync(CancellationToken cancellation)
    {
        var queries = new List<QueryReport>();
        var broken = new List<BrokenReport>();
        string? database = null;
        foreach (var query in catalogue.Queries)
        {
            CheckedQuery? answer = null;
            if (query.File is not null && database is null)
                (answer, database) = await AskAsync(query, cancellation).ConfigureAwait(false);

            var mistakes = query.Mistakes.Concat(answer?.Mistakes ?? []).ToArray();
            broken.AddRange(mistakes.Select(
                mistake => new BrokenReport(query.Name, query.FileName, mistake.Line, mistake.Reason)));
            if (query.File is { } file && mistakes.Length == 0)
                queries.Add(Describe(file, answer));
        }

        return new CatalogueReport(catalogue.Options.DefaultQuery, queries, broken, database);
    }

    private async Task<(CheckedQuery? Answer, string? Database)> AskAsync(
        DeclaredQuery query, CancellationToken cancellation)
    {
        try
        {
            return (await catalogue.CheckedAsync(query, cancellation).ConfigureAwait(false), null);
        }
        catch (Exception failure) when (!cancellation.IsCancellationRequested)
        {
            // The catalogue still says what the files alone tell.
            return (null, PostgresFailures.Describe(failure).Detail);
        }
    }

    private static ParameterReport Describe(QueryParameter parameter)
        => new(parameter.Name, parameter.Type, parameter.IsRequired, parameter.Default);

    private QueryReport Describe(QueryFile declared, CheckedQuery? answer)
    {
        var access = declared.Header.Access;
        var publicPath = access is QueryAccess.Function ? null : paths.Public;
        var file = publicPath is not null && access is QueryAccess.Anonymous
            ? catalogue.ForEveryone(declared)
            : declared;
        return new QueryReport(
            file.Name,
            file.Header.Summary,
            (publicPath ?? paths.WithKey) + file.Name,
            access switch
            {
                QueryAccess.Anonymous => "anonymous",
                QueryAccess.User => "user",
                _ => "function",
            },
            [.. file.Header.Parameters.Where(parameter => parameter.Claim is null).Select(Describe)],
            answer?.Schema?.Columns,
            [.. file.Header.Key.Select(column => new KeyReport(column.Name, column.IsDescending ? "desc" : "asc"))],
            file.Header.MaxRows,
            [.. StreamFormats.All.Select(format => format.Name)],
            file.Header.Live is not null,
            [.. (answer?.Warnings ?? []).Select(warning => warning.Reason)]);
    }
}

/// <summary>Where an app serves its queries; each path ends with a slash.</summary>
/// <param name="WithKey">Where all of them are.</param>
/// <param name="Public">Where those are that need no key; null where they have no place of their own.</param>
internal sealed record QueryPaths(string WithKey, string? Public);

/// <summary>The body of <c>/queries</c>.</summary>
/// <param name="Default">The name of the query that <c>/db-stream</c> serves, or null.</param>
/// <param name="Queries">Those that serve.</param>
/// <param name="Broken">What is wrong with the files that don't.</param>
/// <param name="Database">Why the database could not be asked about them, or null if it could.</param>
internal sealed record CatalogueReport(
    string? Default, IReadOnlyList<QueryReport> Queries, IReadOnlyList<BrokenReport> Broken, string? Database);

/// <summary>A query.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Summary">What it gives, in a sentence.</param>
/// <param name="Path">Its path, under the API's address.</param>
/// <param name="Access"><c>anonymous</c>, <c>function</c> or <c>user</c>.</param>
/// <param name="Parameters">What it takes.</param>
/// <param name="Columns">What a row has; null while the database can't be asked.</param>
/// <param name="Key">The columns that order and tell apart its rows; empty if it can't be resumed.</param>
/// <param name="MaxRows">How many rows it gives at most at that path, or null.</param>
/// <param name="Formats">The values that <c>?format=</c> takes.</param>
/// <param name="Live">Whether its changes can be followed, with <c>?live=</c>.</param>
/// <param name="Warnings">What is doubtful about it.</param>
internal sealed record QueryReport(
    string Name,
    string Summary,
    string Path,
    string Access,
    IReadOnlyList<ParameterReport> Parameters,
    IReadOnlyList<StreamColumn>? Columns,
    IReadOnlyList<KeyReport> Key,
    long? MaxRows,
    IReadOnlyList<string> Formats,
    bool Live,
    IReadOnlyList<string> Warnings);

/// <summary>A parameter.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its Postgres type.</param>
/// <param name="Required">Whether it must be given.</param>
/// <param name="Default">Its value where it is not given.</param>
internal sealed record ParameterReport(string Name, string Type, bool Required, string? Default);

/// <summary>A column of a key.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Order"><c>asc</c> or <c>desc</c>.</param>
internal sealed record KeyReport(string Name, string Order);

/// <summary>A mistake in a file.</summary>
/// <param name="Name">The query's name.</param>
/// <param name="File">The file's name.</param>
/// <param name="Line">The line, from 1.</param>
/// <param name="Reason">What is wrong.</param>
internal sealed record BrokenReport(string Name, string File, int Line, string Reason);

/// <summary>The JSON of the catalogue, without reflection.</summary>
[JsonSerializable(typeof(CatalogueReport))]
internal sealed partial class CatalogueJson : JsonSerializerContext
{
    /// <summary>Leaves quotes and non-ASCII readable: a person may read this in a terminal.</summary>
    public static CatalogueJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
