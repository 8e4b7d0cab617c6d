namespace ChunkStream.Functions.Tests.Fleet;

/// <summary>A client that reads one stream through nginx.</summary>
internal interface IFleetReader
{
    /// <summary>How far it is: the number of its last row.</summary>
    long Last { get; }

    /// <summary>Reads to the end.</summary>
    Task RunAsync();
}
