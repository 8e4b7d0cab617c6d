using ChunkStream.DurableStreams.Store;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary><c>PUT</c>: creates a stream, empty, with its first content, or as a fork of another; or says that it is there.</summary>
internal sealed class PutResult(DurableCall call) : DurableResult(call)
{
    /// <inheritdoc />
    protected override async Task AnswerAsync(HttpRequest request, HttpResponse response, CancellationToken cancellation)
    {
        using var place = Call.Room.Open(Call.Path);
        var (create, problem) = await ReadAsync(request, place, cancellation).ConfigureAwait(false);
        if (create is not null)
            problem = Answer(await Call.Store.CreateAsync(create, cancellation).ConfigureAwait(false), request, response);
        if (problem is not null)
            await RefuseAsync(response, problem).ConfigureAwait(false);
    }

    private async Task<(CreateStream? Create, Problem? Problem)> ReadAsync(HttpRequest request, AppendRoom.Place place, CancellationToken cancellation)
    {
        var headers = new HeaderReader(request.Headers);
        var (contentType, closed) = (headers.ContentType(), headers.IsClosed());
        var ((ttl, expiresAt), fork) = (headers.Expiry(), headers.Fork(Root(request)));
        if (headers.Problem() is { } mistaken)
            return (null, mistaken);
        if (headers.IsEncoded())
            return (null, DurableProblems.EncodedBody);

        var (body, refused) = await RequestBody.ReadAsync(request, place, Call.Options, Call.Engine.Time, cancellation).ConfigureAwait(false);
        if (refused is not null)
            return (null, refused);

        // A fork has its source's type. Only for content that comes at once must that be known first.
        if (contentType is null && fork is not null && !body.IsEmpty)
            contentType = (await Call.Store.HeadAsync(fork.SourcePath, cancellation).ConfigureAwait(false)).Stream?.ContentType;
        if (fork is null)
            contentType ??= ContentTypes.Unknown;

        var isJson = contentType is not null && ContentTypes.IsJson(contentType);
        var (content, invalid) = body.IsEmpty ? ([], null)
            : isJson ? JsonMessages.Split(body, Call.Options.MaxAppendMessages)
            : ((IReadOnlyList<ReadOnlyMemory<byte>>)[body], null);
        return invalid is null
            ? (new CreateStream(Call.Path, contentType, isJson, content, closed, ttl, expiresAt, fork), null)
            : (null, invalid);
    }

    private static Problem? Answer(CreateResult result, HttpRequest request, HttpResponse response)
    {
        if (result.Stream is not { } stream)
            return Refusal(result.Status);

        response.ContentType = ContentTypes.Header(stream.ContentType);
        SetTail(response, stream.Tail, stream.Closed);
        if (result.Status is CreateStatus.Created)
        {
            response.StatusCode = StatusCodes.Status201Created;
            response.Headers.Location = request.Host.HasValue
                ? UriHelper.BuildAbsolute(request.Scheme, request.Host, request.PathBase, request.Path)
                : request.PathBase.Add(request.Path).ToUriComponent();
        }

        return null;
    }

    private static Problem Refusal(CreateStatus status) => status switch
    {
        CreateStatus.Differs => DurableProblems.StreamExists,
        CreateStatus.PathGone => DurableProblems.PathTaken,
        CreateStatus.SourceMissing => DurableProblems.NoSource,
        CreateStatus.SourceGone => DurableProblems.SourceGone,
        CreateStatus.SourceDiffers => DurableProblems.ContentTypeDiffers("Content-Type is not that of the stream to fork: leave it out."),
        CreateStatus.ForkPointBeyondTail => DurableProblems.InvalidHeaders([new ParameterError(
            ProtocolHeaders.ForkOffset, "Stream-Fork-Offset, with Stream-Fork-Sub-Offset, lies beyond the end of the stream to fork.")]),
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "No refusal."),
    };

    // What stands before the stream's path in the URL, whatever prefix the host has.
    private string Root(HttpRequest request)
    {
        var path = request.PathBase.Add(request.Path).Value ?? "";
        return path.EndsWith(Call.Path, StringComparison.Ordinal) ? path[..^Call.Path.Length] : "/";
    }
}
