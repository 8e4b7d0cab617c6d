using System.Text.Json;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace ChunkStream.Http;

/// <summary>Turns the problems that an app describes with ASP.NET Core's class into our own.</summary>
internal static class ProblemOfApp
{
    // The type of a problem that says no more than its status (RFC 9457).
    private const string NoType = "about:blank";

    /// <summary>
    /// Makes a function that says what a client is told of a failure; it gives null for a failure that the app does not
    /// describe.
    /// </summary>
    /// <param name="describe">The app's function; null if it has none.</param>
    /// <param name="services">The services of the request.</param>
    /// <returns>The function; null if the app has none.</returns>
    public static Func<Exception, Problem?>? Describer(
        Func<Exception, ProblemDetails?>? describe, IServiceProvider services)
        => describe is null
            ? null
            : failure => describe(failure) is { } details ? Create(details, AppJson.From(services)) : null;

    /// <summary>Converts a problem with all its members. A status that is not 400–599 becomes 500.</summary>
    /// <param name="details">The app's problem.</param>
    /// <param name="json">How the values of extension members become JSON.</param>
    public static Problem Create(ProblemDetails details, JsonSerializerOptions json)
    {
        var status = details.Status is >= 400 and <= 599 and var given ? given : 500;
        var title = details.Title ?? ReasonPhrases.GetReasonPhrase(status);
        var extensions = details.Extensions.ToDictionary(
            extension => extension.Key,
            extension => JsonSerializer.SerializeToElement(extension.Value, json),
            StringComparer.Ordinal);
        if (details.Instance is { } instance)
            extensions["instance"] = JsonSerializer.SerializeToElement(instance, json);
        return new Problem(details.Type ?? NoType, title, status, details.Detail ?? title)
        {
            Extensions = extensions.Count > 0 ? extensions : null,
        };
    }
}
