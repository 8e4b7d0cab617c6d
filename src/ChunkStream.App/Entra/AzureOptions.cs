namespace ChunkStream.App.Entra;

/// <summary>Settings of an app on Azure: configuration section <c>ChunkStream:Azure</c>.</summary>
internal sealed class AzureOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "ChunkStream:Azure";

    /// <summary>The value of <see cref="DatabaseIdentity"/> for the managed identity that the app itself has.</summary>
    public const string System = "system";

    /// <summary>The value of <see cref="DatabaseIdentity"/> for whoever is logged in at a desk.</summary>
    public const string Default = "default";

    /// <summary>
    /// Who the app is towards the database, which then takes a token of Entra as the password: the client id of a
    /// managed identity, <c>system</c>, or <c>default</c>. Without it the connection string says how to log in.
    /// </summary>
    public string? DatabaseIdentity { get; set; }
}
