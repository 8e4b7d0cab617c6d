using System.Globalization;
using ChunkStream.DurableStreams.Access;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary><c>POST</c>: appends to a stream, closes it, or both.</summary>
internal sealed class PostMethod(AppendQueue appends, BodyReader bodies) : DurableMethod("POST")
{
    /// <inheritdoc />
    public override async Task AnswerAsync(DurableTarget target, HttpContext http, CancellationToken cancellation)
    {
        // Refused before its body is awaited, if it is clear by now.
        target.Require(
            new HeaderReader(http.Request.Headers).IsClosed() ? DurableOperations.Close : DurableOperations.Append);
        using var place = bodies.Open(target.Path);
        var append = await ReadAsync(target, http.Request, place, cancellation).ConfigureAwait(false);
        Answer(append, await appends.AppendAsync(append, place, cancellation).ConfigureAwait(false), http.Response);
    }

    private async Task<AppendToStream> ReadAsync(
        DurableTarget target, HttpRequest request, AppendRoom.Place place, CancellationToken cancellation)
    {
        var headers = new HeaderReader(request.Headers);
        var (contentType, closes) = (headers.ContentType(), headers.IsClosed());
        var (sequence, producer) = (headers.Sequence(), target.Rights.Own(headers.Producer()));
        headers.ThrowIfMistaken();
        headers.ThrowIfEncoded();
        var body = await bodies.ReadAsync(request, place, cancellation).ConfigureAwait(false);
        if (body.IsEmpty)
        {
            return closes
                ? new AppendToStream(target.Path, ContentType: null, [], Close: true, sequence, producer)
                : throw Invalid(
                    "The body is empty: give what to append; or Stream-Closed: true, to close the stream with "
                    + "nothing more.");
        }

        target.Require(DurableOperations.Append);
        if (contentType is null)
            headers.Refuse(HeaderNames.ContentType, "Content-Type is missing: give the stream's.");
        headers.ThrowIfMistaken();
        var content = bodies.Split(body, ContentTypes.IsJson(contentType!));
        return content.Count > 0
            ? new AppendToStream(target.Path, contentType, content, closes, sequence, producer)
            : throw Invalid("The array is empty: there is nothing to append.");
    }

    private static ProblemException Invalid(string detail) => new(DurableProblems.InvalidBody(detail));

    private static void Answer(AppendToStream append, AppendResult result, HttpResponse response)
    {
        if (result.Status is not (AppendStatus.Missing or AppendStatus.Gone))
            SetTail(response, result.Tail, result.Closed);
        switch (result.Status)
        {
            case AppendStatus.Appended or AppendStatus.Duplicate:
                // 200 tells a producer that its append was new, and 204 that it was not. Anybody else always gets 204.
                var isNew = result.Status is AppendStatus.Appended;
                response.StatusCode = isNew && append.Producer is not null && append.Content.Count > 0
                    ? StatusCodes.Status200OK
                    : StatusCodes.Status204NoContent;
                if (append.Producer is { } producer)
                {
                    Set(response, ProtocolHeaders.ProducerEpoch, result.ProducerEpoch ?? producer.Epoch);
                    Set(response, ProtocolHeaders.ProducerSequence, result.ProducerSequence ?? producer.Sequence);
                }

                break;
            case AppendStatus.StaleEpoch:
                Set(response, ProtocolHeaders.ProducerEpoch, result.ProducerEpoch ?? 0);
                throw new ProblemException(DurableProblems.StaleProducer(result.ProducerEpoch ?? 0));
            case AppendStatus.SequenceGap:
                var (expected, received) = ((result.ProducerSequence ?? -1) + 1, append.Producer!.Sequence);
                Set(response, ProtocolHeaders.ProducerExpectedSequence, expected);
                Set(response, ProtocolHeaders.ProducerReceivedSequence, received);
                throw new ProblemException(DurableProblems.ProducerGap(expected, received));
            case AppendStatus.EpochNotAtZero:
                throw new ProblemException(DurableProblems.InvalidHeaders([new ParameterError(
                    ProtocolHeaders.ProducerSequence,
                        "Producer-Seq must be 0 in the first append of a new Producer-Epoch.")]));
            default:
                throw new ProblemException(Refusal(result.Status));
        }
    }

    private static Problem Refusal(AppendStatus status) => status switch
    {
        AppendStatus.Missing => DurableProblems.NoStream,
        AppendStatus.Gone => DurableProblems.Gone,
        AppendStatus.Closed => DurableProblems.Closed,
        AppendStatus.NotTheRecorder => DurableProblems.StreamRecorded,
        AppendStatus.ContentTypeDiffers => DurableProblems.ContentTypeDiffers(
            "Content-Type is not the stream's, which HEAD tells."),
        AppendStatus.SequenceRegression => DurableProblems.SequenceRegression,
        AppendStatus.StreamFull => DurableProblems.StreamFull,
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "No refusal."),
    };

    private static void Set(HttpResponse response, string name, long value)
        => response.Headers[name] = value.ToString(CultureInfo.InvariantCulture);
}
