using ChunkStream.DurableStreams.Store;
using ChunkStream.Http;
using ChunkStream.Postgres;
using ChunkStream.Problems;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Http;
using Npgsql;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>What all answers about durable streams have in common: the headers that protect browsers, and what becomes of failures.</summary>
internal abstract class DurableResult(DurableCall call) : IResult
{
    private static readonly string ExposedHeaders = string.Join(',', ProtocolHeaders.Exposed);

    protected DurableCall Call => call;

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

        using var lifetime = call.Engine.Begin(httpContext);
        try
        {
            await AnswerAsync(request, response, lifetime.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (!response.HasStarted && failure is not StreamCutException)
        {
            // Who is gone hears nothing, and nobody needs to hear of them.
            var ended = lifetime.Ended;
            if (ended is StreamOutcome.ClientLeft)
                return;

            var problem = (ended is { } end ? StreamLifetime.Describe(end) : null) ?? Describe(failure);
            response.Clear();
            SetHeaders(response);

            // Maybe it is still there, as long as nothing but the end of the call tells that it left.
            if (ended is StreamOutcome.Stopped && lifetime.ClientLeft)
            {
                await new ProblemResult(problem).ExecuteAsync(httpContext).ConfigureAwait(false);
                return;
            }

            if (problem.Status >= 500)
                call.Log.RequestFailed(request.Method, call.Path, problem.Status, failure);
            await RefuseAsync(response, problem).ConfigureAwait(false);
        }
    }

    /// <summary>Answers the request; a failure before the response has started becomes a problem.</summary>
    protected abstract Task AnswerAsync(HttpRequest request, HttpResponse response, CancellationToken cancellation);

    /// <summary>Answers with a problem, which is the end of a stream where one was asked for. Headers that were set stay.</summary>
    protected Task RefuseAsync(HttpResponse response, Problem problem)
    {
        if (problem.Status == StatusCodes.Status415UnsupportedMediaType)
            response.Headers.AcceptEncoding = HeaderReader.Identity;
        // The rest of the body may never come.
        if (problem.Status == StatusCodes.Status408RequestTimeout && HttpProtocol.IsHttp11(response.HttpContext.Request.Protocol))
            response.Headers.Connection = "close";
        IResult refusal = HttpMethods.IsGet(response.HttpContext.Request.Method)
            ? new RefusedStream(call.Name, problem)
            : new ProblemResult(problem);
        return refusal.ExecuteAsync(response.HttpContext);
    }

    /// <summary>The problem of a path without a stream, or null if there is one.</summary>
    protected static Problem? Absent(Presence presence) => presence switch
    {
        Presence.Present => null,
        Presence.Gone => DurableProblems.Gone,
        _ => DurableProblems.NoStream,
    };

    /// <summary>Says where a stream ends, and whether it does so for ever.</summary>
    protected static void SetTail(HttpResponse response, long tail, bool closed)
    {
        response.Headers[ProtocolHeaders.NextOffset] = DurableOffset.Format(tail);
        if (closed)
            response.Headers[ProtocolHeaders.Closed] = ProtocolHeaders.True;
    }

    // PROTOCOL.md, 12.7.
    private void SetHeaders(HttpResponse response)
    {
        BrowserUse.Protect(response);
        response.Headers["Cross-Origin-Resource-Policy"] = call.IsPublic ? "cross-origin" : "same-origin";
        response.Headers.CacheControl = "no-store";

        // A page of another origin may see no header of the protocol without this. Whether there may be such pages the platform
        // says, or the host; but Azure's says nothing of headers.
        response.Headers.AccessControlExposeHeaders = ExposedHeaders;
    }

    private static Problem Describe(Exception failure) => failure switch
    {
        BadHttpRequestException broken => DurableProblems.InvalidBody("The body broke off, came too slowly, or is not valid HTTP.") with { Status = broken.StatusCode },
        // There a query that does not fit; here it is our own.
        PostgresException { SqlState: ['4', '2', ..] } => Problem.Internal,
        _ => PostgresFailures.Describe(failure),
    };
}

/// <summary>A refusal, before anything was asked of the database.</summary>
internal sealed class RefusedResult(DurableCall call, Problem problem) : DurableResult(call)
{
    /// <inheritdoc />
    protected override Task AnswerAsync(HttpRequest request, HttpResponse response, CancellationToken cancellation)
        => RefuseAsync(response, problem);
}
