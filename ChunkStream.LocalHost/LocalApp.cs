using ChunkStream.App;

namespace ChunkStream.LocalHost;

/// <summary>What the local host serves, and the sample data that it loads.</summary>
internal sealed class LocalApp
{
    private readonly List<Action<ChunkStreamBuilder>> _parts = [];

    /// <summary>
    /// Sample data for the embedded Postgres. Default: none, and then there is no option <c>--rows</c>.
    /// </summary>
    public ISampleData? Data { get; set; }

    /// <summary>
    /// Makes the app of this repository. What you add here is served by the local host alone; what you add to
    /// <c>AddChunkStreamApp</c> is served by both hosts.
    /// </summary>
    public static LocalApp Create()
    {
        var app = new LocalApp();
        app.AddDemo(); // To take the demo out, delete this line and the folder demo/.
        return app;
    }

    /// <summary>Adds generators, queries, or services of your own.</summary>
    /// <param name="part">Adds them to the app.</param>
    public LocalApp Add(Action<ChunkStreamBuilder> part)
    {
        _parts.Add(part);
        return this;
    }

    /// <summary>Registers the whole app.</summary>
    public ChunkStreamBuilder Register(IServiceCollection services)
    {
        var builder = services.AddChunkStreamApp();
        foreach (var part in _parts)
            part(builder);
        return builder;
    }

    /// <summary>Returns the app's endpoints for a process that does not serve them itself.</summary>
    public EndpointTable Endpoints()
    {
        var services = new ServiceCollection();
        Register(services);
        using var provider = services.BuildServiceProvider();
        return provider.GetRequiredService<EndpointTable>();
    }
}
