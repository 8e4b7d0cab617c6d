using ChunkStream.Configuration;
using ChunkStream.Identity.EasyAuth;
using ChunkStream.Identity.Tokens;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ChunkStream.Identity.Requests;

/// <summary>
/// Finds the caller in a request's headers: its access token, or else what App Service says. Nothing of the library
/// that reads tokens is loaded before the first one comes.
/// </summary>
internal sealed class RequestCallers : ICallers
{
    private readonly Lazy<AccessTokens>? _tokens;
    private readonly ClientPrincipals? _principals;

    private RequestCallers(Lazy<AccessTokens>? tokens, ClientPrincipals? principals)
        => (_tokens, _principals) = (tokens, principals);

    /// <summary>What the settings ask for: without any, whom ASP.NET Core has signed in.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Logs issuers that can't be reached.</param>
    public static ICallers Create(IdentityOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        if (options.Issuers.Count == 0 && !options.EasyAuth)
            return SignedInUser.Instance;
        var roles = TextList.Read(options.RoleClaims);
        return new RequestCallers(
            options.Issuers.Count == 0
                ? null
                : new(() => AccessTokens.Create(options, roles, time, loggers)),
            options.EasyAuth ? new ClientPrincipals(roles, time) : null);
    }

    /// <inheritdoc />
    public ValueTask<(Caller? Caller, Problem? Problem)> FindAsync(HttpContext http, CancellationToken cancellation)
    {
        var headers = http.Request.Headers;
        if (_tokens is not null)
        {
            var (token, problem) = BearerHeader.Read(headers.Authorization);
            if (problem is not null)
                return new((null, problem));
            if (token is not null)
                return _tokens.Value.ReadAsync(token, cancellation);
        }

        return new(_principals?.Read(headers[ClientPrincipals.Header]) ?? default);
    }
}
