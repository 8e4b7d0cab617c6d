using System.Diagnostics.CodeAnalysis;
using ChunkStream.DurableStreams.Protocol;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps durable streams in a minimal API.</summary>
public static class DurableStreamRoutes
{
    private static readonly string[] Read = ["GET", "HEAD"];
    private static readonly string[] ReadAndWrite = [.. Read, "PUT", "POST", "DELETE"];

    /// <summary>
    /// Maps the Durable Streams protocol: <c>GET</c>, <c>HEAD</c>, <c>PUT</c>, <c>POST</c> and <c>DELETE</c> of
    /// <c>{prefix}/{path}</c>. Whoever may call it may read, write and delete every stream, so restrict it on the
    /// result, such as with <c>RequireAuthorization()</c>.
    /// </summary>
    /// <param name="endpoints">The app, or a group of its routes.</param>
    /// <param name="prefix">
    /// What stands before a stream's path. Its route parameters are not part of that path: <c>/{tenant}/streams</c>
    /// gives all tenants the same streams.
    /// </param>
    /// <exception cref="InvalidOperationException">The app has not called <c>AddDurableStreams()</c>.</exception>
    public static IEndpointConventionBuilder MapDurableStreams(
        this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string prefix = "/streams")
        => Map(endpoints, prefix, ReadAndWrite, DurablePlace.Private);

    /// <summary>
    /// Maps the reading half of the protocol for everyone: <c>GET</c> and <c>HEAD</c> of <c>{prefix}/{path}</c>. Every
    /// stream can be read there; shared caches may keep what was read, and pages of other origins may embed it.
    /// </summary>
    /// <inheritdoc cref="MapDurableStreams" />
    public static IEndpointConventionBuilder MapPublicDurableStreams(
        this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string prefix = "/public/streams")
        => Map(endpoints, prefix, Read, DurablePlace.Public);

    /// <summary>
    /// Maps the whole protocol for users: each may do what the policy file allows (the setting
    /// <c>ChunkStream:Streams:PolicyPath</c>). Who is calling is found by <c>AddIdentity()</c>; without it, it is whom
    /// ASP.NET Core has signed in. Everyone may read, if <c>ChunkStream:Streams:PublicReading</c> says so.
    /// </summary>
    /// <inheritdoc cref="MapDurableStreams" />
    public static IEndpointConventionBuilder MapDurableStreamsForUsers(
        this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string prefix = "/public/streams")
        => Map(endpoints, prefix, ReadAndWrite, DurablePlace.Users);

    private static IEndpointConventionBuilder Map(
        IEndpointRouteBuilder endpoints, string prefix, string[] methods, DurablePlace place)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(prefix);
        var handler = endpoints.ServiceProvider.GetService<DurableEndpoint>() ?? throw new InvalidOperationException(
            "Durable streams are not registered: call AddDurableStreams() on what AddChunkStream() returns.");
        return endpoints.MapMethods(
            $"{prefix.TrimEnd('/')}/{{*{DurableEndpoint.PathParameter}}}",
            methods,
            context => handler.Answer(context.Request, place).ExecuteAsync(context));
    }
}
