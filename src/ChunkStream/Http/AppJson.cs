using System.Text.Json;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ChunkStream.Http;

/// <summary>How an app writes JSON.</summary>
internal static class AppJson
{
    /// <summary>The options of <c>ConfigureHttpJsonOptions</c>; those of the web where an app has none.</summary>
    public static JsonSerializerOptions From(IServiceProvider services)
        => services.GetService<IOptions<JsonOptions>>()?.Value.SerializerOptions ?? JsonSerializerOptions.Web;
}
