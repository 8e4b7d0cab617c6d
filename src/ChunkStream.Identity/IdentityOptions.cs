using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace ChunkStream.Identity;

/// <summary>Who is believed about who is calling: configuration section <c>ChunkStream:Identity</c>.</summary>
public sealed class IdentityOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "ChunkStream:Identity";

    /// <summary>
    /// Whose access tokens hold here. In the configuration each has a number:
    /// <c>ChunkStream:Identity:Issuers:0:Authority</c>.
    /// </summary>
    public IList<IssuerOptions> Issuers { get; } = [];

    /// <summary>
    /// The claims whose texts are the caller's roles, with commas between. A name with dots leads into objects:
    /// <c>realm_access.roles</c>.
    /// </summary>
    public string RoleClaims { get; set; } = "roles, role";

    /// <summary>
    /// Whether the header <c>X-MS-CLIENT-PRINCIPAL</c> is believed. Only for an app behind the sign-in of App Service
    /// ("Easy Auth"), which takes the header away from requests that bring it themselves. Anywhere else anyone can
    /// send it. Default false.
    /// </summary>
    public bool EasyAuth { get; set; }

    /// <summary>
    /// How many seconds must lie between two fetches of an issuer's keys that tokens with an unknown key cause.
    /// 1–3,600, default 60: anyone can send such a token. After one that failed it is 5 at most.
    /// </summary>
    [Range(1, 3600)]
    public double KeyRefreshSeconds { get; set; } = 60;
}

/// <summary>The checks that the attributes above ask for: the compiler writes them.</summary>
[OptionsValidator]
internal sealed partial class IdentityOptionsAttributes : IValidateOptions<IdentityOptions>;
