namespace ChunkStream.Configuration;

/// <summary>Looks at secrets that settings have.</summary>
internal static class SecretText
{
    private const string Reference = "@Microsoft.KeyVault(";

    /// <summary>What is wrong with one that <see cref="IsReference" />, after the setting's name.</summary>
    public const string ReferenceMistake =
        "is a reference to Key Vault that the platform could not resolve, and everyone can guess it: see to it that "
        + "the app's identity may read the secret.";

    /// <summary>
    /// Whether it is a reference to a secret. Azure puts the secret in its place, before the app sees it; but where it
    /// can't, it leaves the reference as it is, and says nothing.
    /// </summary>
    public static bool IsReference(string text)
        => text.TrimStart().StartsWith(Reference, StringComparison.OrdinalIgnoreCase);
}
