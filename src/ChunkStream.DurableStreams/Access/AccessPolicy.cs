using ChunkStream.Identity;

namespace ChunkStream.DurableStreams.Access;

/// <summary>Who may do what with which streams. What no rule allows is not allowed.</summary>
/// <param name="Rules">The rules. They only add up.</param>
internal sealed record AccessPolicy(IReadOnlyList<AccessRule> Rules)
{
    /// <summary>Nobody may do anything.</summary>
    public static AccessPolicy None { get; } = new([]);

    /// <summary>What a user may do with a stream; or with all below a prefix, which ends with a slash.</summary>
    /// <param name="caller">The user.</param>
    /// <param name="scope">The stream's path, which was checked, or a prefix.</param>
    public DurableOperations Allowed(Caller caller, string scope)
    {
        var allowed = DurableOperations.None;
        foreach (var rule in Rules)
        {
            if ((rule.Operations & ~allowed) != 0 && rule.IsFor(caller) && rule.Template.Covers(scope, caller))
                allowed |= rule.Operations;
        }

        return allowed;
    }
}

/// <summary>A line of the policy.</summary>
/// <param name="Template">Which streams it is about.</param>
/// <param name="Operations">What it allows.</param>
/// <param name="Roles">For whom: one of these roles is needed; empty for all users.</param>
/// <param name="Issuer">Whose users it is about; null for those of all issuers.</param>
internal sealed record AccessRule(
    PathTemplate Template, DurableOperations Operations, IReadOnlyList<string> Roles, string? Issuer)
{
    /// <summary>Whether it is about a user.</summary>
    public bool IsFor(Caller caller)
        => (Roles.Count == 0 || caller.Roles.Overlaps(Roles)) && (Issuer is null || Issuer == caller.Issuer);
}
