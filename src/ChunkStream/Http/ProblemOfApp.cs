using System.Text.Json;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace ChunkStream.Http;

/// <summary>A problem that an app describes by ASP.NET Core's own class.</summary>
internal static class ProblemOfApp
{
    // RFC 9457: a problem that says no more than its status does.
    private const string NoType = "about:blank";

    /// <summary>What a client is told of a failure, where the app describes it; null for all others.</summary>
    /// <param name="describe">The app's description, if it has one.</param>
    /// <param name="json">How the values of its extensions become JSON.</param>
    public static Func<Exception, Problem?> Describer(Func<Exception, ProblemDetails?>? describe, JsonSerializerOptions json)
        => failure => describe?.Invoke(failure) is { } details ? Create(details, json) : null;

    /// <summary>Takes all of it over. A status that is none of a failure becomes 500.</summary>
    /// <param name="details">What the app says.</param>
    /// <param name="json">How the values of its extensions become JSON.</param>
    public static Problem Create(ProblemDetails details, JsonSerializerOptions json)
    {
        var status = details.Status is >= 400 and <= 599 and var given ? given : 500;
        var title = details.Title ?? ReasonPhrases.GetReasonPhrase(status);
        var extensions = details.Extensions.ToDictionary(
            extension => extension.Key, extension => JsonSerializer.SerializeToElement(extension.Value, json), StringComparer.Ordinal);
        if (details.Instance is { } instance)
            extensions["instance"] = JsonSerializer.SerializeToElement(instance, json);
        return new Problem(details.Type ?? NoType, title, status, details.Detail ?? title) { Extensions = extensions.Count > 0 ? extensions : null };
    }
}
