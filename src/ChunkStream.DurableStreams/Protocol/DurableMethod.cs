using ChunkStream.DurableStreams.Store;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>What a client may do with a stream: an HTTP method of the protocol.</summary>
/// <param name="name">The method's name.</param>
internal abstract class DurableMethod(string name)
{
    /// <summary>The method's name, in capitals.</summary>
    public string Name => name;

    /// <summary>Answers a request, if the rights of its sender allow it.</summary>
    /// <param name="target">The stream.</param>
    /// <param name="http">The request, whose response has the headers that all have in common.</param>
    /// <param name="cancellation">Cancelled when nobody wants the answer any more.</param>
    /// <exception cref="ProblemException">
    /// The request is refused. Headers that were set are sent with the problem.
    /// </exception>
    public abstract Task AnswerAsync(DurableTarget target, HttpContext http, CancellationToken cancellation);

    /// <summary>Says where a stream ends, and whether it does so for ever.</summary>
    protected static void SetTail(HttpResponse response, long tail, bool closed)
    {
        response.Headers[ProtocolHeaders.NextOffset] = DurableOffset.Format(tail);
        if (closed)
            response.Headers[ProtocolHeaders.Closed] = ProtocolHeaders.True;
    }

    /// <summary>Refuses a request to a path that has no stream.</summary>
    /// <exception cref="ProblemException">There is no stream: 404, or 410 if it is deleted and has forks.</exception>
    protected static void Require(Presence presence)
    {
        if (presence is not Presence.Present)
            throw new ProblemException(presence is Presence.Gone ? DurableProblems.Gone : DurableProblems.NoStream);
    }
}
