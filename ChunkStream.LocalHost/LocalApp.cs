using ChunkStream.App;

namespace ChunkStream.LocalHost;

/// <summary>What the local host serves and loads beside what every ChunkStream app has.</summary>
internal sealed class LocalApp
{
    private readonly List<Action<ChunkStreamBuilder>> _parts = [];

    /// <summary>Tables for the embedded Postgres. Default: none; then there is no option <c>--rows</c>.</summary>
    public ISampleData? Data { get; set; }

    /// <summary>
    /// The app of this repository. Add what is yours here for this host alone, and to <c>AddChunkStreamApp</c> for both.
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

    /// <summary>The endpoints of the app, where nothing serves them in this process.</summary>
    public EndpointTable Endpoints()
    {
        var services = new ServiceCollection();
        Register(services);
        using var provider = services.BuildServiceProvider();
        return provider.GetRequiredService<EndpointTable>();
    }
}
