using System.Globalization;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary><c>POST</c>: appends to a stream, closes it, or both.</summary>
internal sealed class PostResult(DurableCall call) : DurableResult(call)
{
    /// <inheritdoc />
    protected override async Task AnswerAsync(HttpRequest request, HttpResponse response, CancellationToken cancellation)
    {
        using var place = Call.Room.Open(Call.Path);
        var (append, problem) = await ReadAsync(request, place, cancellation).ConfigureAwait(false);
        if (append is not null)
            problem = Answer(append, await Call.Store.AppendAsync(append, place, cancellation).ConfigureAwait(false), response);
        if (problem is not null)
            await RefuseAsync(response, problem).ConfigureAwait(false);
    }

    private async Task<(AppendToStream? Append, Problem? Problem)> ReadAsync(HttpRequest request, AppendRoom.Place place, CancellationToken cancellation)
    {
        var headers = new HeaderReader(request.Headers);
        var (contentType, closes) = (headers.ContentType(), headers.IsClosed());
        var (sequence, producer) = (headers.Sequence(), headers.Producer());
        if (headers.Problem() is { } mistaken)
            return (null, mistaken);
        if (headers.IsEncoded())
            return (null, DurableProblems.EncodedBody);

        var (body, refused) = await RequestBody.ReadAsync(request, place, Call.Options, Call.Engine.Time, cancellation).ConfigureAwait(false);
        if (refused is not null)
            return (null, refused);
        if (body.IsEmpty)
        {
            return closes
                ? (new AppendToStream(Call.Path, ContentType: null, [], Close: true, sequence, producer), null)
                : (null, DurableProblems.InvalidBody("The body is empty: give what to append; or Stream-Closed: true, to close the stream with nothing more."));
        }

        if (contentType is null)
        {
            headers.Refuse(HeaderNames.ContentType, "Content-Type is missing: give the stream's.");
            return (null, headers.Problem());
        }

        var (content, invalid) = Content(contentType, body);
        return invalid is null
            ? (new AppendToStream(Call.Path, contentType, content, closes, sequence, producer), null)
            : (null, invalid);
    }

    private (IReadOnlyList<ReadOnlyMemory<byte>> Content, Problem? Problem) Content(string contentType, ReadOnlyMemory<byte> body)
    {
        if (!ContentTypes.IsJson(contentType))
            return ([body], null);

        var (messages, problem) = JsonMessages.Split(body, Call.Options.MaxAppendMessages);
        return problem is null && messages.Count == 0
            ? ([], DurableProblems.InvalidBody("The array is empty: there is nothing to append."))
            : (messages, problem);
    }

    private static Problem? Answer(AppendToStream append, AppendResult result, HttpResponse response)
    {
        if (result.Status is not (AppendStatus.Missing or AppendStatus.Gone))
            SetTail(response, result.Tail, result.Closed);
        switch (result.Status)
        {
            case AppendStatus.Appended or AppendStatus.Duplicate:
                // The two statuses tell a producer whether it was new, and so must not differ for anybody else.
                response.StatusCode = result.Status is AppendStatus.Appended && append.Producer is not null && append.Content.Count > 0
                    ? StatusCodes.Status200OK
                    : StatusCodes.Status204NoContent;
                if (append.Producer is { } producer)
                {
                    Set(response, ProtocolHeaders.ProducerEpoch, result.ProducerEpoch ?? producer.Epoch);
                    Set(response, ProtocolHeaders.ProducerSequence, result.ProducerSequence ?? producer.Sequence);
                }

                return null;
            case AppendStatus.StaleEpoch:
                Set(response, ProtocolHeaders.ProducerEpoch, result.ProducerEpoch ?? 0);
                return DurableProblems.StaleProducer(result.ProducerEpoch ?? 0);
            case AppendStatus.SequenceGap:
                var (expected, received) = ((result.ProducerSequence ?? -1) + 1, append.Producer!.Sequence);
                Set(response, ProtocolHeaders.ProducerExpectedSequence, expected);
                Set(response, ProtocolHeaders.ProducerReceivedSequence, received);
                return DurableProblems.ProducerGap(expected, received);
            case AppendStatus.EpochNotAtZero:
                return DurableProblems.InvalidHeaders([new ParameterError(
                    ProtocolHeaders.ProducerSequence, "Producer-Seq must be 0 in the first append of a new Producer-Epoch.")]);
            default:
                return Refusal(result.Status);
        }
    }

    private static Problem Refusal(AppendStatus status) => status switch
    {
        AppendStatus.Missing => DurableProblems.NoStream,
        AppendStatus.Gone => DurableProblems.Gone,
        AppendStatus.Closed => DurableProblems.Closed,
        AppendStatus.ContentTypeDiffers => DurableProblems.ContentTypeDiffers("Content-Type is not the stream's, which HEAD tells."),
        AppendStatus.SequenceRegression => DurableProblems.SequenceRegression,
        AppendStatus.StreamFull => DurableProblems.StreamFull,
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "No refusal."),
    };

    private static void Set(HttpResponse response, string name, long value)
        => response.Headers[name] = value.ToString(CultureInfo.InvariantCulture);
}
