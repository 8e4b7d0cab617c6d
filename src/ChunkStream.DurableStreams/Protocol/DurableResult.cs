using ChunkStream.Http;
using ChunkStream.Postgres.Failures;
using ChunkStream.Problems;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Http;
using Npgsql;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>
/// An answer about a durable stream, and what all of them have in common: the headers that protect browsers, and the
/// one place where a refusal or a failure becomes a problem.
/// </summary>
/// <param name="target">The stream.</param>
/// <param name="answer">Answers the request.</param>
/// <param name="engine">What all streams share.</param>
/// <param name="log">Hears of requests that fail.</param>
internal sealed class DurableResult(
    DurableTarget target,
    Func<DurableTarget, HttpContext, CancellationToken, Task> answer,
    StreamEngine engine,
    DurableRequestLog log)
    : IResult
{
    private static readonly string ExposedHeaders = string.Join(',', ProtocolHeaders.Exposed);

    private static readonly Problem BrokenBody = DurableProblems.InvalidBody(
        "The body broke off, came too slowly, or is not valid HTTP.");

    /// <inheritdoc />
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        var (request, response) = (httpContext.Request, httpContext.Response);
        SetHeaders(response);
        if (BrowserUse.Refusal(request) is { } refused)
        {
            await RefuseAsync(response, refused).ConfigureAwait(false);
            return;
        }

        using var lifetime = engine.Begin(httpContext);
        try
        {
            await answer(target, httpContext, lifetime.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (!response.HasStarted && failure is not StreamCutException)
        {
            // A client that has left hears nothing, and the log needs no line of it.
            var ended = lifetime.Ended;
            if (ended is StreamOutcome.ClientLeft)
                return;

            var refusal = ended is null ? failure as ProblemException : null;
            var problem = (ended is { } end ? StreamLifetime.Describe(end) : null) ?? Describe(failure);

            // What was set before a refusal goes with it; what was set before a failure may not be so.
            if (refusal is null)
            {
                response.Clear();
                SetHeaders(response);
            }

            // The client may still be there: only the end of the call says that it left.
            if (ended is StreamOutcome.Stopped && lifetime.ClientLeft)
            {
                await new ProblemResult(problem).ExecuteAsync(httpContext).ConfigureAwait(false);
                return;
            }

            if (problem.Status >= 500)
                log.RequestFailed(request.Method, target.Path, problem.Status, failure);
            await RefuseAsync(response, problem).ConfigureAwait(false);
        }
    }

    /// <summary>Answers with a problem, which is the end of a stream where one was asked for.</summary>
    private Task RefuseAsync(HttpResponse response, Problem problem)
    {
        if (problem.Status == StatusCodes.Status415UnsupportedMediaType)
            response.Headers.AcceptEncoding = HeaderReader.Identity;
        // The rest of the body may never come.
        if (problem.Status == StatusCodes.Status408RequestTimeout
            && HttpProtocol.IsHttp11(response.HttpContext.Request.Protocol))
            response.Headers.Connection = "close";
        IResult refusal = HttpMethods.IsGet(response.HttpContext.Request.Method)
            ? new RefusedStream(target.Place.Name, problem)
            : new ProblemResult(problem);
        return refusal.ExecuteAsync(response.HttpContext);
    }

    // PROTOCOL.md, 12.7.
    private void SetHeaders(HttpResponse response)
    {
        BrowserUse.Protect(response);
        response.Headers["Cross-Origin-Resource-Policy"] = target.Place.IsPublic ? "cross-origin" : "same-origin";
        response.Headers.CacheControl = "no-store";

        // A page of another origin may see no header of the protocol without this. Whether there may be such pages the
        // platform says, or the host; but Azure's says nothing of headers.
        response.Headers.AccessControlExposeHeaders = ExposedHeaders;
    }

    private static Problem Describe(Exception failure) => failure switch
    {
        BadHttpRequestException broken => BrokenBody with { Status = broken.StatusCode },
        // There a query that does not fit; here it is our own.
        PostgresException misfit when misfit.IsAboutText() => Problem.Internal,
        _ => PostgresFailures.Describe(failure),
    };
}
