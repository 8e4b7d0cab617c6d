using System.Globalization;
using ChunkStream.Http;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ChunkStream.Postgres.Queries;

/// <summary>A response to a request whose parameters are in its body, which is read first.</summary>
/// <param name="name">The endpoint's name, for logs and metrics.</param>
/// <param name="file">The query.</param>
/// <param name="maxBytes">How many bytes the body may have.</param>
/// <param name="time">The clock that measures how slow the body is.</param>
/// <param name="answer">Answers the request with its parameters.</param>
internal sealed class PostedResult(
    string name, QueryFile file, int maxBytes, TimeProvider time, Func<RequestParameters, IResult> answer) : IResult
{
    private const string Json = "application/json";
    private const string Identity = "identity";

    private static readonly Problem NotJson = BodyProblems.UnsupportedType(
        $"The body must be a JSON object of parameters in UTF-8, with Content-Type: {Json}.");

    private static readonly Problem Encoded = BodyProblems.Encoded(
        $"Content-Encoding must be {Identity}, or be left out: send the body uncompressed.");

    private static readonly Problem TooSlow = BodyProblems.TooSlow(
        "The body brought nothing for 10 seconds, or took more than a minute: send it again.");

    /// <inheritdoc />
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        using var lifetime = CancellationTokenSource.CreateLinkedTokenSource(
            httpContext.RequestAborted, Invocation.TokenFrom(httpContext));
        IResult result;
        try
        {
            result = await ReadAsync(httpContext.Request, lifetime.Token).ConfigureAwait(false);
        }
        catch (ProblemException refused)
        {
            result = Refuse(httpContext, refused.Problem);
        }
        catch (BadHttpRequestException broken)
        {
            result = Refuse(httpContext, BodyProblems.Broken with { Status = broken.StatusCode });
        }

        await result.ExecuteAsync(httpContext).ConfigureAwait(false);
    }

    private async Task<IResult> ReadAsync(HttpRequest request, CancellationToken cancellation)
    {
        if (!IsJson(request.ContentType))
            throw new ProblemException(NotJson);
        if (request.Headers.ContentEncoding.Any(coding => coding is not (null or "" or Identity)))
            throw new ProblemException(Encoded);

        var limits = new BodyLimits(maxBytes, Idle: TimeSpan.FromSeconds(10), Whole: TimeSpan.FromMinutes(1))
        {
            TooLarge = BodyProblems.TooLarge(string.Create(
                CultureInfo.InvariantCulture,
                $"The body of parameters may have at most {maxBytes} bytes (ChunkStream:MaxParameterBytes).")),
            TooSlow = TooSlow,
        };
        var body = await WholeBody.ReadAsync(request, limits, time, cancellation).ConfigureAwait(false);
        return answer(PostedParameters.Read(file, request.Query, body));
    }

    // Pages of other origins can send other types without asking first: so this refuses those, too.
    private static bool IsJson(string? contentType)
        => MediaTypeHeaderValue.TryParse(contentType, out var type)
            && type.MediaType.Equals(Json, StringComparison.OrdinalIgnoreCase)
            && (!type.Charset.HasValue
                || HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase));

    private RefusedStream Refuse(HttpContext http, Problem problem)
    {
        if (problem.Status == StatusCodes.Status415UnsupportedMediaType)
            (http.Response.Headers.Accept, http.Response.Headers.AcceptEncoding) = (Json, Identity);
        // The rest of the body may never come.
        if (problem.Status == StatusCodes.Status408RequestTimeout && HttpProtocol.IsHttp11(http.Request.Protocol))
            http.Response.Headers.Connection = "close";
        return new RefusedStream(name, problem);
    }
}
