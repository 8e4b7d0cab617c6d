namespace ChunkStream.App.Telemetry;

/// <summary>
/// How the app proves to Application Insights who it is: by its identity in Microsoft Entra ID, or by the key in the
/// connection string alone.
/// </summary>
/// <param name="UsesIdentity">Whether it uses its identity.</param>
/// <param name="ClientId">The client id of a user-assigned identity; null for the system-assigned one.</param>
public sealed record ApplicationInsightsLogin(bool UsesIdentity, string? ClientId)
{
    /// <summary>The setting, which the Functions host reads as well.</summary>
    public const string Setting = "APPLICATIONINSIGHTS_AUTHENTICATION_STRING";

    /// <summary>
    /// Reads the setting: <c>Authorization=AAD</c>, or <c>Authorization=AAD;ClientId=…</c>; nothing for the key.
    /// </summary>
    /// <exception cref="FormatException">It says anything else.</exception>
    public static ApplicationInsightsLogin Parse(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
            return new ApplicationInsightsLogin(UsesIdentity: false, ClientId: null);

        var (isEntra, clientId) = (false, (string?)null);
        foreach (var part in text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var (name, value) = part.Split('=', 2, StringSplitOptions.TrimEntries) is [var before, var after]
                ? (before.ToUpperInvariant(), after)
                : (part.ToUpperInvariant(), "");
            if (name == "AUTHORIZATION" && string.Equals(value, "AAD", StringComparison.OrdinalIgnoreCase))
                isEntra = true;
            else if (name == "CLIENTID" && value.Length > 0)
                clientId = value;
            else
                throw Unknown(text);
        }

        return isEntra ? new ApplicationInsightsLogin(UsesIdentity: true, clientId) : throw Unknown(text);
    }

    private static FormatException Unknown(string text) => new(
        $"{Setting} must be 'Authorization=AAD', or 'Authorization=AAD;ClientId=' with the client id of a "
        + $"user-assigned identity, but is '{text}'.");
}
