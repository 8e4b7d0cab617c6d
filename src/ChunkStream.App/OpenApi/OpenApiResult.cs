using ChunkStream.Http;
using ChunkStream.Postgres.Failures;
using ChunkStream.Postgres.Queries;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.OpenApi;

namespace ChunkStream.App.OpenApi;

/// <summary>The description of the API, which is written when somebody asks for it.</summary>
/// <param name="queries">Describes the queries.</param>
/// <param name="generators">Describes the generators, with the services of the app.</param>
/// <param name="routes">The routes.</param>
/// <param name="defaultQuery">The name of the query of <c>/db-stream</c>; null for none.</param>
/// <param name="version">The version of OpenAPI, one of <see cref="Versions"/>.</param>
internal sealed partial class OpenApiResult(
    QueryDescriptions queries,
    Func<IServiceProvider, IEnumerable<DescribedGenerator>> generators,
    ApiRoutes routes,
    string? defaultQuery,
    string version)
    : IResult
{
    /// <summary>The versions of OpenAPI that are written; the first is the default.</summary>
    public static readonly string[] Versions = ["3.2", "3.1"];

    /// <inheritdoc />
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        if (HttpMethods.IsHead(httpContext.Request.Method))
        {
            // The length is not worth asking the database for what each query takes and gives.
            SetHeaders(httpContext.Response);
            return;
        }

        using var lifetime = CancellationTokenSource.CreateLinkedTokenSource(
            httpContext.RequestAborted, Invocation.TokenFrom(httpContext));
        var response = httpContext.Response;
        MemoryStream body;
        try
        {
            body = await WriteAsync(httpContext, lifetime.Token).ConfigureAwait(false);
        }
        catch (Exception) when (lifetime.IsCancellationRequested)
        {
            // Nobody waits for it any more, and the connection to the database was severed for that reason.
            httpContext.Abort();
            return;
        }
        catch (Exception failure)
        {
            var problem = PostgresFailures.Describe(failure);
            if (problem == Problem.Internal)
                NotDescribed(httpContext.RequestServices.GetRequiredService<ILogger<OpenApiResult>>(), failure);
            await new ProblemResult(problem).ExecuteAsync(httpContext).ConfigureAwait(false);
            return;
        }

        SetHeaders(response);
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body.GetBuffer().AsMemory(0, (int)body.Length), lifetime.Token)
            .ConfigureAwait(false);
    }

    private static void SetHeaders(HttpResponse response)
    {
        response.ContentType = "application/json";
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
    }

    private async Task<MemoryStream> WriteAsync(HttpContext http, CancellationToken cancellation)
    {
        var isNewest = version == Versions[0];
        var api = new ApiDocument(ServerOf(http.Request), hasItemSchemas: isNewest);
        QueryOperations.Add(
            api, routes, await queries.ReadAsync(cancellation).ConfigureAwait(false), defaultQuery);
        GeneratorOperations.Add(api, generators(http.RequestServices));
        ShapeOperations.Add(api, routes);
        DurableOperations.Add(api, routes);
        ServiceOperations.Add(api, routes);
        var body = new MemoryStream();
        await api.Document.SerializeAsJsonAsync(
            body, isNewest ? OpenApiSpecVersion.OpenApi3_2 : OpenApiSpecVersion.OpenApi3_1, cancellation)
            .ConfigureAwait(false);
        return body;
    }

    // What stands before the route, whatever prefix the host has.
    private string ServerOf(HttpRequest request)
    {
        var (path, route) = (request.PathBase.Add(request.Path).Value?.TrimEnd('/') ?? "", "/" + routes.OpenApi);
        var server = path.EndsWith(route, StringComparison.OrdinalIgnoreCase) ? path[..^route.Length] : "";
        return server.Length == 0 ? "/" : server;
    }

    [LoggerMessage(EventId = 90, EventName = "ApiNotDescribed", Level = LogLevel.Error,
        Message = "The description of the API could not be written")]
    private static partial void NotDescribed(ILogger logger, Exception failure);
}
