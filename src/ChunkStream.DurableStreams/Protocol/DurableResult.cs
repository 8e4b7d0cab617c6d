using ChunkStream.DurableStreams.Access;
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
/// <param name="path">The stream's path, as the request has it.</param>
/// <param name="place">The endpoint.</param>
/// <param name="method">Answers the request.</param>
/// <param name="access">Finds out who may do what, where the app leaves that to us.</param>
/// <param name="engine">The engine, which all streams share.</param>
/// <param name="log">Logs requests that fail.</param>
internal sealed class DurableResult(
    string path,
    DurablePlace place,
    DurableMethod method,
    DurableAccess access,
    StreamEngine engine,
    DurableRequestLog log)
    : IResult
{
    private static readonly string ExposedHeaders = string.Join(',', ProtocolHeaders.Exposed);

    /// <inheritdoc />
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        var (request, response) = (httpContext.Request, httpContext.Response);
        var (rights, refused) = await RightsAsync(httpContext).ConfigureAwait(false);
        SetHeaders(response, rights);
        refused = BrowserUse.Refusal(request) ?? refused ?? DurablePath.Check(request, path);
        if (refused is not null)
        {
            await RefuseAsync(response, refused).ConfigureAwait(false);
            return;
        }

        var target = new DurableTarget(path, place, rights);
        using var lifetime = engine.Begin(httpContext);
        try
        {
            await method.AnswerAsync(target, httpContext, lifetime.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (!response.HasStarted && failure is not StreamCutException)
        {
            // A client that has left gets no answer, and needs no line in the log.
            var ended = lifetime.Ended;
            if (ended is StreamOutcome.ClientLeft)
                return;

            var refusal = ended is null ? failure as ProblemException : null;
            var problem = (ended is { } end ? lifetime.Describe(end) : null) ?? Describe(failure);

            // Headers that were set before a refusal belong to it. Those that were set before a failure may be wrong by
            // now.
            if (refusal is null)
            {
                response.Clear();
                SetHeaders(response, rights);
            }

            // The end of the invocation says that the client left, which is not certain. So it gets an answer, and the
            // log gets no line.
            if (ended is StreamOutcome.Stopped && lifetime.ClientLeft)
            {
                await new ProblemResult(problem).ExecuteAsync(httpContext).ConfigureAwait(false);
                return;
            }

            if (problem.Status >= 500)
                log.RequestFailed(request.Method, path, problem.Status, failure);
            await RefuseAsync(response, problem).ConfigureAwait(false);
        }
    }

    private ValueTask<(DurableRights Rights, Problem? Problem)> RightsAsync(HttpContext http) => place.Admits switch
    {
        Admission.Admitted => new((DurableRights.All, null)),
        Admission.Everyone => new((DurableRights.Everyone, null)),
        _ => access.FindAsync(http, onlyReads: method is GetMethod or HeadMethod),
    };

    /// <summary>
    /// Answers with a problem. If a stream was asked for, the problem is also how it ended, in log and metrics.
    /// </summary>
    private Task RefuseAsync(HttpResponse response, Problem problem)
    {
        if (problem.Status == StatusCodes.Status415UnsupportedMediaType)
            response.Headers.AcceptEncoding = HeaderReader.Identity;
        // The rest of the body may never come.
        if (problem.Status == StatusCodes.Status408RequestTimeout
            && HttpProtocol.IsHttp11(response.HttpContext.Request.Protocol))
            response.Headers.Connection = "close";
        IResult refusal = HttpMethods.IsGet(response.HttpContext.Request.Method)
            ? new RefusedStream(place.Name, problem)
            : new ProblemResult(problem);
        return refusal.ExecuteAsync(response.HttpContext);
    }

    // PROTOCOL.md, 12.7.
    private static void SetHeaders(HttpResponse response, DurableRights rights)
    {
        BrowserUse.Protect(response);
        response.Headers["Cross-Origin-Resource-Policy"] = rights.AreForOtherOrigins ? "cross-origin" : "same-origin";
        response.Headers.CacheControl = "no-store";

        // Without this, a page of another origin can't read the protocol's headers. The platform or the host decides
        // which origins may read at all, but Azure's CORS setting can't expose headers.
        response.Headers.AccessControlExposeHeaders = ExposedHeaders;
    }

    private static Problem Describe(Exception failure) => failure switch
    {
        BadHttpRequestException broken => BodyProblems.Broken with { Status = broken.StatusCode },
        // Elsewhere this means that a query does not fit the database. Here the statement is our own.
        PostgresException misfit when misfit.IsAboutText() => Problem.Internal,
        _ => PostgresFailures.Describe(failure),
    };
}
