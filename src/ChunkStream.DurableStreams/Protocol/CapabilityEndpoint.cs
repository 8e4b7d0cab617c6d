using System.Globalization;
using System.Text.Json.Nodes;
using ChunkStream.DurableStreams.Access;
using ChunkStream.Identity;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.Extensions.Options;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>Makes capability URLs for those who have the rights themselves.</summary>
/// <param name="capabilities">Signs them.</param>
/// <param name="access">Finds out what a user may do.</param>
/// <param name="bodies">Reads what is asked for.</param>
/// <param name="options">How long one may hold.</param>
/// <param name="time">The clock.</param>
internal sealed class CapabilityEndpoint(
    Capabilities capabilities,
    DurableAccess access,
    BodyReader bodies,
    IOptions<DurableStreamOptions> options,
    TimeProvider time)
{
    private const int MaxBytes = 16 * 1024;

    // A URL has room for so much, and a subject may be longer.
    private const int MaxMadeBy = 256;

    private static readonly Problem TooLong = DurableProblems.InvalidBody(string.Create(
        CultureInfo.InvariantCulture, $"The body has more than {MaxBytes} bytes."));

    /// <summary>The answer to a request for a URL.</summary>
    /// <param name="place">The endpoint at which it came.</param>
    public IResult Answer(CapabilityPlace place) => new CapabilityResult(http => MakeAsync(http, place));

    private async Task<JsonObject> MakeAsync(HttpContext http, CapabilityPlace place)
    {
        if (capabilities.WhyOff is { } off)
            throw new ProblemException(off);
        var (rights, problem) = place.Admits is Admission.Admitted
            ? (DurableRights.All, null)
            : await access.FindAsync(http, onlyReads: false).ConfigureAwait(false);
        if (problem is not null || rights.AreAnonymous)
            throw new ProblemException(problem ?? Problem.NotSignedIn);

        var asked = CapabilityRequest.Read(
            await ReadAsync(http.Request).ConfigureAwait(false), options.Value.MaxCapabilitySeconds);
        rights.Require(asked.Operations | DurableOperations.Share, asked.Scope);
        var made = new Capability(
            asked.Scope,
            asked.Operations,
            Expiry(asked.Seconds, AccessEnd.Of(http)),
            http.Features.Get<Caller>() is { } caller
                ? BoundedText.Cut($"{caller.Issuer} {caller.Subject}", MaxMadeBy)
                : "key");
        var token = capabilities.Create(made);
        return new JsonObject
        {
            ["url"] = place.Url(http.Request, asked.Scope, token),
            ["token"] = token,
            ["expires"] = Rfc3339.Format(made.Expires),
        };
    }

    private async Task<ReadOnlyMemory<byte>> ReadAsync(HttpRequest request)
    {
        if (request.ContentLength > MaxBytes)
            throw new ProblemException(TooLong);
        using var room = bodies.Open(Capabilities.Parameter);
        var body = await bodies.ReadAsync(request, room, request.HttpContext.RequestAborted).ConfigureAwait(false);

        // The bytes are the room's.
        return body.Length <= MaxBytes ? body.ToArray() : throw new ProblemException(TooLong);
    }

    // Tokens count whole seconds. Nobody passes on more time than they have.
    private DateTimeOffset Expiry(int seconds, DateTimeOffset? accessEnd)
    {
        var wanted = time.GetUtcNow().AddSeconds(seconds);
        var end = accessEnd is { } own && own < wanted ? own : wanted;
        return DateTimeOffset.FromUnixTimeSeconds(end.ToUnixTimeSeconds());
    }
}

/// <summary>An endpoint that makes capability URLs.</summary>
/// <param name="Route">Its route, without slashes around it.</param>
/// <param name="Streams">The route of the durable streams that take the URLs, with its last slash.</param>
/// <param name="Admits">Whom it is for.</param>
internal sealed record CapabilityPlace(string Route, string Streams, Admission Admits)
{
    /// <summary>The URL of a stream; or that of a prefix, which is completed before the question mark.</summary>
    public string Url(HttpRequest request, string scope, string token)
    {
        // What stands before the route, whatever prefix the host has.
        var path = (request.Path.Value ?? "").TrimEnd('/');
        var root = path.EndsWith(Route, StringComparison.OrdinalIgnoreCase) ? path[..^Route.Length] : "/";
        var (streams, query) = (
            new PathString(root + Streams + scope), QueryString.Create(Capabilities.Parameter, token));
        return request.Host.HasValue
            ? UriHelper.BuildAbsolute(request.Scheme, request.Host, request.PathBase, streams, query)
            : request.PathBase.Add(streams).ToUriComponent() + query.ToUriComponent();
    }
}
