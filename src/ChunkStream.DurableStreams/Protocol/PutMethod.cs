using ChunkStream.DurableStreams.Access;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>
/// <c>PUT</c>: creates a stream, empty, with its first content, or as a fork of another; or says that it is there
/// already.
/// </summary>
internal sealed class PutMethod(DurableStore store, BodyReader bodies) : DurableMethod("PUT")
{
    /// <inheritdoc />
    public override async Task AnswerAsync(DurableTarget target, HttpContext http, CancellationToken cancellation)
    {
        target.Require(DurableOperations.Create);
        using var place = bodies.Open(target.Path);
        var create = await ReadAsync(target, http.Request, place, cancellation).ConfigureAwait(false);
        var result = await store.CreateAsync(create, cancellation).ConfigureAwait(false);
        if (result.Stream is not { } stream)
            throw new ProblemException(Refusal(result.Status));

        var (request, response) = (http.Request, http.Response);
        response.ContentType = ContentTypes.Header(stream.ContentType);
        SetTail(response, stream.Tail, stream.Closed);
        if (result.Status is not CreateStatus.Created)
            return;
        response.StatusCode = StatusCodes.Status201Created;
        response.Headers.Location = request.Host.HasValue
            ? UriHelper.BuildAbsolute(request.Scheme, request.Host, request.PathBase, request.Path)
            : request.PathBase.Add(request.Path).ToUriComponent();
    }

    private async Task<CreateStream> ReadAsync(
        DurableTarget target, HttpRequest request, AppendRoom.Place place, CancellationToken cancellation)
    {
        var headers = new HeaderReader(request.Headers);
        var (contentType, closed) = (headers.ContentType(), headers.IsClosed());
        var ((ttl, expiresAt), fork) = (headers.Expiry(), headers.Fork(Root(request, target.Path)));
        headers.ThrowIfMistaken();
        headers.ThrowIfEncoded();
        if (closed)
            target.Require(DurableOperations.Close);
        if (fork is not null)
            target.Rights.Require(DurableOperations.Read, fork.SourcePath);
        var body = await bodies.ReadAsync(request, place, cancellation).ConfigureAwait(false);
        if (!body.IsEmpty)
            target.Require(DurableOperations.Append);

        // A fork has its source's content type. If content comes with the request, the type must be known before it is
        // split.
        if (contentType is null && fork is not null && !body.IsEmpty)
        {
            var source = await store.HeadAsync(fork.SourcePath, cancellation).ConfigureAwait(false);
            contentType = source.Stream?.ContentType;
        }

        if (fork is null)
            contentType ??= ContentTypes.Unknown;

        var isJson = contentType is not null && ContentTypes.IsJson(contentType);
        var content = body.IsEmpty ? [] : bodies.Split(body, isJson);
        return new CreateStream(target.Path, contentType, isJson, content, closed, ttl, expiresAt, fork);
    }

    private static Problem Refusal(CreateStatus status) => status switch
    {
        CreateStatus.Differs => DurableProblems.StreamExists,
        CreateStatus.PathGone => DurableProblems.PathTaken,
        CreateStatus.SourceMissing => DurableProblems.NoSource,
        CreateStatus.SourceGone => DurableProblems.SourceGone,
        CreateStatus.SourceDiffers => DurableProblems.ContentTypeDiffers(
            "Content-Type is not that of the stream to fork: leave it out."),
        CreateStatus.ForkPointBeyondTail => DurableProblems.InvalidHeaders([new ParameterError(
            ProtocolHeaders.ForkOffset,
                "Stream-Fork-Offset, with Stream-Fork-Sub-Offset, lies beyond the end of the stream to fork.")]),
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "No refusal."),
    };

    // What stands before the stream's path in the URL, whatever prefix the host has.
    private static string Root(HttpRequest request, string streamPath)
    {
        var path = request.PathBase.Add(request.Path).Value ?? "";
        return path.EndsWith(streamPath, StringComparison.Ordinal) ? path[..^streamPath.Length] : "/";
    }
}
