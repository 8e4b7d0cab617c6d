using ChunkStream.Demo.Data;

namespace ChunkStream.LocalHost;

/// <summary>The demo in the local host, which has a database of its own to put tables into.</summary>
internal static class LocalDemo
{
    /// <summary>Adds the demo's generators and queries, and the tables that these read.</summary>
    public static void AddDemo(this LocalApp app)
    {
        app.Add(builder => builder.AddDemo());
        app.Data = new DemoTables();
    }
}
