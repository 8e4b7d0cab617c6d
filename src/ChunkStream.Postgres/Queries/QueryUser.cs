using ChunkStream.Identity;
using ChunkStream.Postgres.Connections;
using ChunkStream.Problems;

namespace ChunkStream.Postgres.Queries;

/// <summary>What a query that is for users wants of its caller.</summary>
internal static class QueryUser
{
    /// <summary>As whom a query runs for its caller, or why it does not.</summary>
    /// <param name="file">The query.</param>
    /// <param name="options">The settings of the queries.</param>
    /// <param name="caller">Who asks; null where the query is not for users.</param>
    public static (SessionIdentity? RunsAs, Problem? Problem) Read(
        QueryFile file, QueryOptions options, Caller? caller)
    {
        if (caller is null)
            return (null, null);

        var header = file.Header;
        if (header.UserRoles.Count > 0 && !caller.Roles.Overlaps(header.UserRoles))
        {
            return (null, Problem.Forbidden(
                $"This query is for users who have the role {string.Join(" or ", header.UserRoles)}."));
        }

        if (header.Parameters.FirstOrDefault(bound => bound.Claim is { } claim && caller.Claim(claim) is null)
            is { } missing)
            return (null, WrongClaim(missing));
        var role = header.Role?.For(caller, options.AllowedRoles);
        return header.Role is { Claim: { } path } && role is null
            ? (null, Problem.Forbidden(
                $"The claim '{path}' of the access token names no role of the database that this server allows."))
            : (new SessionIdentity(role, caller), null);
    }

    /// <summary>
    /// As whom a query is checked, when nobody asks for it: with nobody's claims, and as a role that a caller may have.
    /// </summary>
    /// <param name="file">The query.</param>
    /// <param name="options">The settings of the queries.</param>
    public static SessionIdentity? ForCheck(QueryFile file, QueryOptions options)
        => file.Header.Access is QueryAccess.User
            ? new SessionIdentity(file.Header.Role?.Name ?? FirstAllowed(file, options), Caller: null)
            : null;

    /// <summary>What the query's resume tokens are bound to: with another definition they end.</summary>
    /// <param name="file">The query.</param>
    /// <param name="options">The settings of the queries.</param>
    public static string Definition(QueryFile file, QueryOptions options)
        => file.Header.Role?.Claim is null
            ? file.Text
            : $"{file.Text}\n{string.Join(',', options.AllowedRoles.Order(StringComparer.Ordinal))}";

    /// <summary>The problem with a claim that is no value of the parameter which is bound to it.</summary>
    /// <param name="parameter">The parameter.</param>
    public static Problem WrongClaim(QueryParameter parameter) => Problem.Forbidden(
        $"The access token must have the claim '{parameter.Claim}', of type {parameter.Type}.");

    private static string? FirstAllowed(QueryFile file, QueryOptions options)
        => file.Header.Role is not null && options.AllowedRoles is [var first, ..] ? first : null;
}
