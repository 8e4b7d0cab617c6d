using System.Globalization;
using System.Text.Json;
using ChunkStream.Http;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Chat.Requests;

/// <summary>Reads the body of a request that wants an answer: a JSON object.</summary>
internal static class ChatBody
{
    private static readonly Problem NotJson = BodyProblems.UnsupportedType(
        "The body must be a JSON object, with Content-Type: application/json.");

    private static readonly Problem TooSlow = BodyProblems.TooSlow(
        "The body brought nothing for 10 seconds, or took more than 5 minutes: send it again.");

    /// <summary>Reads it.</summary>
    /// <param name="request">The request.</param>
    /// <param name="maxBytes">How many bytes it may have.</param>
    /// <param name="time">The clock that measures how slow it is.</param>
    /// <exception cref="ProblemException">It can't be read: 400, 408, 413, 415.</exception>
    public static async Task<JsonElement> ReadAsync(HttpRequest request, int maxBytes, TimeProvider time)
    {
        // Pages of other origins can send other types without asking first, and with the user's cookies.
        if (!request.HasJsonContentType())
            throw new ProblemException(NotJson);
        var limits = new BodyLimits(maxBytes, Idle: TimeSpan.FromSeconds(10), Whole: TimeSpan.FromMinutes(5))
        {
            TooLarge = BodyProblems.TooLarge(string.Create(
                CultureInfo.InvariantCulture,
                $"A request to this chat may have at most {maxBytes} bytes: send fewer messages, or smaller files.")),
            TooSlow = TooSlow,
        };
        try
        {
            var body = await WholeBody.ReadAsync(request, limits, time, request.HttpContext.RequestAborted)
                .ConfigureAwait(false);
            var json = JsonElement.Parse(body.Span);
            return json.ValueKind is JsonValueKind.Object
                ? json
                : throw new ProblemException(ChatProblems.Invalid("The body must be a JSON object."));
        }
        catch (JsonException e)
        {
            throw new ProblemException(ChatProblems.Invalid(
                $"The body is not JSON, line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}."));
        }
        catch (BadHttpRequestException broken)
        {
            throw new ProblemException(BodyProblems.Broken with { Status = broken.StatusCode });
        }
    }
}
