using System.Text.Json.Nodes;

namespace ChunkStream.Identity;

/// <summary>Makes the JSON object of claims that come as a list.</summary>
internal static class ClaimsObject
{
    /// <summary>The name of the claim that tells whose claims these are.</summary>
    public const string Subject = "sub";

    /// <summary>
    /// Makes the object. Several claims of one type become an array. A policy in the database must find the subject by
    /// its usual name, and no other than that with which the caller is known, so it is set whatever the list has.
    /// </summary>
    /// <param name="subject">The caller's subject.</param>
    /// <param name="claims">The claims.</param>
    public static JsonObject Create(string subject, IEnumerable<(string Type, JsonNode? Value)> claims)
    {
        var all = new JsonObject { [Subject] = subject };
        foreach (var claim in claims.GroupBy(claim => claim.Type, claim => claim.Value))
        {
            if (claim.Key == Subject)
                continue;
            var values = claim.ToArray();
            all[claim.Key] = values.Length == 1 ? values[0] : new JsonArray(values);
        }

        return all;
    }
}
