using ChunkStream.Identity;
using ChunkStream.Problems;

namespace ChunkStream.DurableStreams.Access;

/// <summary>What a user may do: what the policy allows, and what everyone may.</summary>
/// <param name="policy">The policy.</param>
/// <param name="caller">The user.</param>
/// <param name="everyones">What everyone may do.</param>
internal sealed class UserRights(AccessPolicy policy, Caller caller, DurableOperations everyones) : DurableRights
{
    /// <inheritdoc />
    public override DurableOperations On(string scope) => policy.Allowed(caller, scope) | everyones;

    /// <inheritdoc />
    public override Problem Refusal(DurableOperations needed) => Problem.Forbidden(
        $"This is not allowed to you here, whether there is such a stream or not. It needs "
        + $"{string.Join(" and ", DurableOperationNames.Of(needed))} by the policy of the server.");
}
