namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds what an app asks for to ChunkStream: see its extension methods.</summary>
public sealed class ChunkStreamBuilder
{
    internal ChunkStreamBuilder(IServiceCollection services) => Services = services;

    /// <summary>The app's services.</summary>
    public IServiceCollection Services { get; }
}
