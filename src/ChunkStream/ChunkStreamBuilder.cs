namespace Microsoft.Extensions.DependencyInjection;

/// <summary>
/// What <c>AddChunkStream()</c> returns: the extension methods of the other packages (<c>AddPostgres()</c>,
/// <c>AddQueries()</c>, <c>AddDurableStreams()</c>) add to it.
/// </summary>
public sealed class ChunkStreamBuilder
{
    internal ChunkStreamBuilder(IServiceCollection services) => Services = services;

    /// <summary>The services of the app.</summary>
    public IServiceCollection Services { get; }
}
