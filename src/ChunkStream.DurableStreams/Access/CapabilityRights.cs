using ChunkStream.Problems;

namespace ChunkStream.DurableStreams.Access;

/// <summary>What whoever has a capability URL may do, and what everyone may.</summary>
/// <param name="capability">The capability.</param>
/// <param name="everyones">What everyone may do.</param>
internal sealed class CapabilityRights(Capability capability, DurableOperations everyones) : DurableRights
{
    /// <inheritdoc />
    public override bool AreForOtherOrigins => true;

    /// <inheritdoc />
    public override DurableOperations On(string scope)
        => everyones | (capability.Covers(scope) ? capability.Operations : DurableOperations.None);

    // Not one for each capability: a producer goes on when its URL is replaced by the next.
    /// <inheritdoc />
    protected override string Owner => "capability";

    /// <inheritdoc />
    public override Problem Refusal(DurableOperations needed) => Problem.Forbidden(
        $"The capability of this URL does not allow this: it is for other streams, or not for "
        + $"{string.Join(" and ", DurableOperationNames.Of(needed))}.");
}
