using System.Text;
using ChunkStream.Identity;
using ChunkStream.Problems;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ChunkStream.DurableStreams.Access;

/// <summary>Makes and checks the tokens of capability URLs.</summary>
/// <param name="services">Has what signs. It is asked for when the first token is needed.</param>
/// <param name="options">The secrets.</param>
internal sealed class Capabilities(IServiceProvider services, IOptions<DurableStreamOptions> options)
{
    /// <summary>The query parameter that has the token.</summary>
    public const string Parameter = "capability";

    // The SQL function chunkstream.capability has them, too.
    private static readonly SecretTokenKind Kind = new(
        "chunkstream-capability+jwt", "chunkstream", "durable-streams");

    private readonly Lazy<ISecretTokens?> _tokens = new(() => services.GetService<ISecretTokens>());

    /// <summary>Why there are none here; null if there are.</summary>
    public Problem? WhyOff
        => options.Value.CapabilityKey is null ? DurableProblems.CapabilitiesOff(
            "the setting ChunkStream:Streams:CapabilityKey turns them on")
        : _tokens.Value is null ? DurableProblems.CapabilitiesOff("the app has not called AddIdentity()")
        : null;

    /// <summary>Makes a token. There must be a key.</summary>
    public string Create(Capability capability)
        => _tokens.Value!.Create(Kind, capability.ToClaims(), Bytes(options.Value.CapabilityKey!));

    /// <summary>What a token allows, or why it does not hold.</summary>
    /// <param name="token">The token, as anybody may have made it up.</param>
    public async ValueTask<(Capability? Capability, Problem? Problem)> ReadAsync(string token)
    {
        if (WhyOff is { } off)
            return (null, DurableProblems.InvalidCapability(off.Detail));
        string?[] keys = [options.Value.CapabilityKey, options.Value.CapabilityKeyBefore];
        var (claims, hasExpired) = await _tokens.Value!
            .ReadAsync(token, Kind, [.. keys.OfType<string>().Select(Bytes)]).ConfigureAwait(false);
        if (hasExpired)
            return (null, DurableProblems.InvalidCapability("The capability has expired: ask for another URL."));
        return claims is { } found && Capability.Read(found) is { } capability
            ? (capability, null)
            : (null, DurableProblems.InvalidCapability(
                "The capability was not made by this server, or was changed, or its key is not in use any more."));
    }

    private static byte[] Bytes(string key) => Encoding.UTF8.GetBytes(key);
}
