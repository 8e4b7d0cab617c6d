using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using ChunkStream.DurableStreams.Store;
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

    // A hash, since a subject may be long, and the database keeps it with each producer.
    /// <inheritdoc />
    protected override string Owner => "user " + Base64Url.EncodeToString(SHA256.HashData(
        Encoding.UTF8.GetBytes($"{caller.Issuer}{ProducerPosition.Separator}{caller.Subject}")));

    /// <inheritdoc />
    public override Problem Refusal(DurableOperations needed) => Problem.Forbidden(
        $"This is not allowed to you here, whether there is such a stream or not. It needs "
        + $"{string.Join(" and ", DurableOperationNames.Of(needed))} by the policy of the server.");
}
