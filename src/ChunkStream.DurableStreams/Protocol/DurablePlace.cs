namespace ChunkStream.DurableStreams.Protocol;

/// <summary>An endpoint at which durable streams are asked for.</summary>
/// <param name="Name">Its name, for log and metrics.</param>
/// <param name="Admits">Whom it is for.</param>
internal sealed record DurablePlace(string Name, Admission Admits)
{
    /// <summary>Where those do what they like whom the app lets.</summary>
    public static DurablePlace Private { get; } = new("streams", Admission.Admitted);

    /// <summary>Where everyone reads.</summary>
    public static DurablePlace Public { get; } = new("public-streams", Admission.Everyone);

    /// <summary>Where users do what the policy allows them; and everyone reads, if the settings say so.</summary>
    public static DurablePlace Users { get; } = new("public-streams", Admission.Users);
}

/// <summary>Whom an endpoint is for.</summary>
internal enum Admission
{
    /// <summary>Those whom the app has let in: they may do everything.</summary>
    Admitted,

    /// <summary>Everyone: they may read.</summary>
    Everyone,

    /// <summary>Those whom the request names: they may do what they have rights for.</summary>
    Users,
}
