using ChunkStream.DurableStreams.Store;
using ChunkStream.Problems;

namespace ChunkStream.DurableStreams.Access;

/// <summary>What the sender of a request may do with durable streams.</summary>
internal abstract class DurableRights
{
    /// <summary>Those of callers whom the app lets do everything: it has checked a key, say.</summary>
    public static DurableRights All { get; } = new FixedRights(
        (DurableOperations)~0, Problem.Internal, Problem.Internal);

    /// <summary>Those of everyone where everyone may read.</summary>
    public static DurableRights Everyone { get; } = new FixedRights(
        DurableOperations.Read, Problem.Internal, Problem.NotSignedIn);

    /// <summary>Those of everyone elsewhere.</summary>
    public static DurableRights Nobody { get; } = new FixedRights(
        DurableOperations.None, DurableProblems.NotPublic, Problem.NotSignedIn);

    /// <summary>Whether the request does not say whose they are.</summary>
    public bool AreAnonymous => this == Everyone || this == Nobody;

    /// <summary>Whether everyone has them, so that a shared cache may keep what was read.</summary>
    public bool AreEveryones => this == Everyone;

    /// <summary>
    /// Whether a page of another origin may embed what was read: such a page could not have them by a user's sign-in.
    /// </summary>
    public virtual bool AreForOtherOrigins => AreEveryones;

    /// <summary>What is allowed with a stream; or with all below a prefix, which ends with a slash.</summary>
    /// <param name="scope">The stream's path, which was checked, or a prefix.</param>
    public abstract DurableOperations On(string scope);

    /// <summary>Whether all of some operations are allowed.</summary>
    public bool Allow(DurableOperations needed, string path) => (On(path) & needed) == needed;

    /// <summary>Refuses a request that needs more than is allowed.</summary>
    /// <exception cref="ProblemException">
    /// It does. What the client is told does not depend on whether there is a stream.
    /// </exception>
    public void Require(DurableOperations needed, string path)
    {
        if (!Allow(needed, path))
            throw new ProblemException(Refusal(needed));
    }

    /// <summary>
    /// The producer that a request names, among those of its sender alone. If one user's producer could have the name
    /// of another's, an append of the one would be taken for a repeated one of the other, and be lost.
    /// </summary>
    public ProducerPosition? Own(ProducerPosition? producer)
        => producer is null || Owner is not { } owner
            ? producer
            : producer with { Id = $"{owner}{ProducerPosition.Separator}{producer.Id}" };

    /// <summary>Whose producers the sender's are; null for those of everyone who has the same rights.</summary>
    protected virtual string? Owner => null;

    /// <summary>What a client is told whose request needs more.</summary>
    public abstract Problem Refusal(DurableOperations needed);

    private sealed class FixedRights(DurableOperations all, Problem noRead, Problem noWrite) : DurableRights
    {
        public override DurableOperations On(string scope) => all;

        public override Problem Refusal(DurableOperations needed)
            => needed is DurableOperations.Read ? noRead : noWrite;
    }
}
