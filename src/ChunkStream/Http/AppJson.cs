using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ChunkStream.Http;

/// <summary>Looks up how an app writes JSON.</summary>
internal static class AppJson
{
    /// <summary>The options of <c>ConfigureHttpJsonOptions</c>, or the web defaults if the app has none.</summary>
    public static JsonSerializerOptions From(IServiceProvider services)
        => services.GetService<IOptions<JsonOptions>>()?.Value.SerializerOptions ?? JsonSerializerOptions.Web;

    /// <summary>How these options write a type.</summary>
    public static JsonTypeInfo<T> TypeInfo<T>(IServiceProvider services)
        => (JsonTypeInfo<T>)From(services).GetTypeInfo(typeof(T));
}
