using ChunkStream.Postgres.Queries;
using Microsoft.OpenApi;

namespace ChunkStream.App.OpenApi;

/// <summary>The operations of the declared queries, each at the one path that the catalogue tells.</summary>
internal static class QueryOperations
{
    /// <summary>Adds the operations of all queries, and of the default query.</summary>
    public static void Add(
        ApiDocument api, ApiRoutes routes, IEnumerable<DescribedQuery> queries, string? defaultQuery)
    {
        foreach (var query in queries)
        {
            var name = query.File.Name;
            api.Document.Components!.Schemas!.Add($"{name}.row", JsonSchemas.Row(query.Types));
            var isForEveryone = query.File.Header.Access is not QueryAccess.Function;
            var path = $"/{(isForEveryone ? routes.PublicQueries : routes.Queries)}{name}";
            var access = query.File.Header.Access switch
            {
                QueryAccess.Anonymous => ApiAccess.Everyone,
                QueryAccess.User => ApiAccess.Token,
                _ => ApiAccess.Key,
            };
            api.Add(path, HttpMethod.Get, ApiTags.Queries, access, Get(api, query, $"query.{name}"));
            if (query.Parameters.Any())
            {
                api.Document.Components.Schemas.Add($"{name}.parameters", JsonSchemas.Body(query.Parameters));
                api.Add(path, HttpMethod.Post, ApiTags.Queries, access, Post(api, query, $"query.{name}.post"));
            }

            if (name.Equals(defaultQuery, StringComparison.OrdinalIgnoreCase))
                api.Add("/db-stream", HttpMethod.Get, ApiTags.Queries, ApiAccess.Key, Get(api, query, "db-stream"));
        }
    }

    private static OpenApiOperation Get(ApiDocument api, DescribedQuery query, string id)
    {
        var operation = Create(api, query, id);
        foreach (var (parameter, type) in query.Parameters)
        {
            operation.Parameters!.Add(new OpenApiParameter
            {
                Name = parameter.Name,
                In = ParameterLocation.Query,
                Required = parameter.IsRequired,
                Schema = JsonSchemas.InQueryString(parameter, type),
            });
        }

        operation.Responses!.Add("204", new OpenApiResponse
        {
            Description = "The Last-Event-ID says that the client had the end already.",
        });
        return operation;
    }

    private static OpenApiOperation Post(ApiDocument api, DescribedQuery query, string id)
    {
        var operation = Create(api, query, id);
        operation.Summary += ", for parameters that are too long for a URL";
        operation.RequestBody = new OpenApiRequestBody
        {
            Required = true,
            Content = new Dictionary<string, IOpenApiMediaType>
            {
                ["application/json"] = new OpenApiMediaType { Schema = api.Schema($"{query.File.Name}.parameters") },
            },
        };
        return operation;
    }

    private static OpenApiOperation Create(ApiDocument api, DescribedQuery query, string id)
    {
        var header = query.File.Header;
        var isLive = header.Live is not null;
        IEnumerable<string> shared = isLive
            ? [.. SharedParameters.OfQueries, SharedParameters.Live]
            : SharedParameters.OfQueries;
        return new OpenApiOperation
        {
            OperationId = id,
            Summary = header.Summary.Length > 0 ? header.Summary : $"The rows of the query {query.File.Name}",
            Description = header.Key.Count > 0
                ? $"Its key is {string.Join(", ", header.Key.Select(column => column.Name))}: the rows come in its "
                    + "order, and a stream can be resumed after any of them."
                : null,
            Parameters = [.. shared.Select(api.Parameter)],
            Responses = new OpenApiResponses
            {
                ["200"] = api.Streamed(api.Schema($"{query.File.Name}.row"), isLive),
            },
        };
    }
}
