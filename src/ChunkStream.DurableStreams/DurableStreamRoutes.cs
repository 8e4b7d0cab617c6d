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
    private static readonly string[] Post = ["POST"];

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

    /// <summary>
    /// Maps what makes capability URLs of all streams: <c>POST</c> of a route. Whoever may call it gives away what they
    /// like, so restrict it on the result, such as with <c>RequireAuthorization()</c>. The URLs lead to what
    /// <see cref="MapDurableStreamsForUsers" /> maps. It needs <c>AddIdentity()</c>, and the setting
    /// <c>ChunkStream:Streams:CapabilityKey</c>.
    /// </summary>
    /// <param name="endpoints">The app, or the group of its routes that has the streams, too.</param>
    /// <param name="route">The route. It has no parameters.</param>
    /// <param name="streams">The prefix of the streams. It has none either.</param>
    /// <exception cref="ArgumentException">A route has parameters.</exception>
    /// <exception cref="InvalidOperationException">The app has not called <c>AddDurableStreams()</c>.</exception>
    public static IEndpointConventionBuilder MapCapabilities(
        this IEndpointRouteBuilder endpoints,
        [StringSyntax("Route")] string route = "/capabilities",
        [StringSyntax("Route")] string streams = "/public/streams")
        => MapCapabilities(endpoints, route, streams, Admission.Admitted);

    /// <summary>
    /// The same for users: each may pass on what the policy file allows them, where it allows them to <c>share</c>.
    /// </summary>
    /// <inheritdoc cref="MapCapabilities(IEndpointRouteBuilder, string, string)" />
    public static IEndpointConventionBuilder MapCapabilitiesForUsers(
        this IEndpointRouteBuilder endpoints,
        [StringSyntax("Route")] string route = "/public/capabilities",
        [StringSyntax("Route")] string streams = "/public/streams")
        => MapCapabilities(endpoints, route, streams, Admission.Users);

    private static IEndpointConventionBuilder Map(
        IEndpointRouteBuilder endpoints, string prefix, string[] methods, DurablePlace place)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(prefix);
        var handler = Registered<DurableEndpoint>(endpoints);
        return endpoints.MapMethods(
            $"{prefix.TrimEnd('/')}/{{*{DurableEndpoint.PathParameter}}}",
            methods,
            context => handler.Answer(context.Request, place).ExecuteAsync(context));
    }

    private static IEndpointConventionBuilder MapCapabilities(
        IEndpointRouteBuilder endpoints, string route, string streams, Admission admits)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var place = new CapabilityPlace(Literal(route), Literal(streams) + "/", admits);
        var handler = Registered<CapabilityEndpoint>(endpoints);
        return endpoints.MapMethods(route, Post, context => handler.Answer(place).ExecuteAsync(context));
    }

    private static T Registered<T>(IEndpointRouteBuilder endpoints)
        where T : class
        => endpoints.ServiceProvider.GetService<T>() ?? throw new InvalidOperationException(
            "Durable streams are not registered: call AddDurableStreams() on what AddChunkStream() returns.");

    // As a part of a URL.
    private static string Literal(string route)
    {
        ArgumentNullException.ThrowIfNull(route);
        return !route.Contains('{', StringComparison.Ordinal)
            ? route.Trim('/')
            : throw new ArgumentException(
                $"The route '{route}' has a parameter. URLs of streams are made of it, so it may have none.",
                nameof(route));
    }
}
