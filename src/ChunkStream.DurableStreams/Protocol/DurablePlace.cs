namespace ChunkStream.DurableStreams.Protocol;

/// <summary>An endpoint at which durable streams are asked for.</summary>
/// <param name="Name">Its name, for log and metrics.</param>
/// <param name="IsPublic">Whether everyone may read there, and nobody write.</param>
internal sealed record DurablePlace(string Name, bool IsPublic)
{
    /// <summary>Where streams are read and written by those whom the app lets.</summary>
    public static DurablePlace Private { get; } = new("streams", IsPublic: false);

    /// <summary>Where everyone reads.</summary>
    public static DurablePlace Public { get; } = new("public-streams", IsPublic: true);
}
