using System.Net.Sockets;
using ChunkStream.App;
using ChunkStream.DurableStreams;
using ChunkStream.Http;
using ChunkStream.LocalHost.Web.Connections;
using ChunkStream.Problems;
using ChunkStream.Streaming;

namespace ChunkStream.LocalHost.Web;

/// <summary>Serves the endpoints on plain Kestrel, just as the Functions host would serve them.</summary>
internal static class ApiHost
{
    // Streams may run for minutes, and whoever presses Ctrl+C does not want to wait for them. The engine ends them
    // before this limit, and in such a way that no client takes one for complete.
    private static readonly TimeSpan ShutdownLimit = TimeSpan.FromSeconds(5);

    // Where no key is set, everyone on this machine may write to streams anyway.
    private const string PublicRecording =
        DurableStreamOptions.Section + ":" + nameof(DurableStreamOptions.PublicRecording);

    /// <summary>Makes a builder with ASP.NET Core's usual configuration and quieter log levels.</summary>
    public static WebApplicationBuilder CreateBuilder()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.Sources.Insert(0, new Microsoft.Extensions.Configuration.Memory.MemoryConfigurationSource
        {
            InitialData = new Dictionary<string, string?>
            {
                ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
                ["Logging:LogLevel:Microsoft.Hosting.Lifetime"] = "Warning",
                // At Error it writes a stack trace when the port is in use; RunAsync says that in one line.
                ["Logging:LogLevel:Microsoft.Extensions.Hosting.Internal.Host"] = "Critical",
                // At Information Npgsql logs every query.
                ["Logging:LogLevel:Npgsql"] = "Warning",
            },
        });

        // host.json has functionTimeout: here too the engine ends a stream before Azure would end its call.
        builder.Configuration.AddJsonFile(HostJson.File, optional: true);
        return builder;
    }

    /// <summary>Serves until the token is cancelled, and returns the process's exit code.</summary>
    /// <exception cref="StartupFailure">The host cannot listen on the port.</exception>
    public static async Task<int> RunAsync(
        LocalApp served,
        WebApplicationBuilder builder,
        LocalHostOptions options,
        int port,
        CancellationToken cancellation)
    {
        if (!ListenAddress.TryParse(options.Address, out var address))
            throw new ArgumentException("The options have not been checked.", nameof(options));

        await using var app = Build(served, builder, options, address, port);
        try
        {
            await app.StartAsync(cancellation);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // A host that is disposed without being stopped reports every background service as failed, in a hundred
            // lines.
            await app.StopAsync(CancellationToken.None);
            throw new StartupFailure($"{e.Message} --port chooses another port.", e);
        }

        var isKeyNeeded = new FunctionKey(options.FunctionKey).IsNeeded;
        await Announcement.WhenReadyAsync(
            ApiAddress.For(address.HostInUrl, port),
            app.Services.GetRequiredService<EndpointTable>(),
            isKeyNeeded,
            cancellation);
        await LocalHostRun.WaitForSignalAsync(cancellation);
        await app.StopAsync(CancellationToken.None);
        return 0;
    }

    /// <summary>Builds the application, and does not start it.</summary>
    public static WebApplication Build(
        LocalApp served, WebApplicationBuilder builder, LocalHostOptions options, ListenAddress address, int port)
    {
        builder.Services.AddSingleton(PlatformTimeLimit.Read(builder.Configuration));
        served.Register(builder.Services);
        builder.Services.AddLocalHostOptions();
        LocalTelemetry.AddIfWanted(builder);
        builder.Services.AddRefusals();
        builder.Services.AddConnectionLimit(options, builder.Configuration);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownLimit);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            Refusals.Widen(kestrel.Limits);
            address.Listen(kestrel, port);
        });
        if (address.IsLoopback)
            builder.Configuration[LocalResumeKey.Setting] ??= LocalResumeKey.Of(options);
        if (address.IsLoopback && options.FunctionKey is null)
            builder.Configuration[PublicRecording] ??= "true";
        if (address.IsLoopback && builder.Configuration["AllowedHosts"] is null)
        {
            // The browser on this machine reaches loopback too. A foreign page whose DNS name resolves to 127.0.0.1
            // must not read the database.
            builder.Configuration["AllowedHosts"] = "localhost;127.0.0.1;[::1]";
        }

        var origins = CorsOrigins.Parse(options.CorsOrigins);
        builder.Services.AddCors(cors => cors.AddDefaultPolicy(origins.Configure));

        var app = builder.Build();
        // CORS comes before everything that answers, so that a page of another origin can read refusals too.
        if (origins.Any)
            app.UseCors();
        if (!new FunctionKey(options.FunctionKey).IsNeeded)
            app.Use(new CrossSiteGuard(origins).AnswerAsync);
        var endpoints = app.Services.GetRequiredService<EndpointTable>().All;
        var unknown = new ProblemResult(UnknownRoute(endpoints));
        // This is middleware because a fallback route would match every method, and so turn each 405 into a 404.
        app.Use((context, next) => context.GetEndpoint() is null ? unknown.ExecuteAsync(context) : next(context));
        MapEndpoints(app, endpoints, new FunctionKey(options.FunctionKey));
        return app;
    }

    private static void MapEndpoints(WebApplication app, IReadOnlyList<StreamEndpoint> endpoints, FunctionKey key)
    {
        app.MapMethods("/", ["GET", "HEAD"], context =>
        {
            context.Response.Redirect(HostJson.PathOf(EndpointTable.UiRoute + "/").TrimStart('/'));
            return Task.CompletedTask;
        });
        foreach (var endpoint in endpoints)
        {
            app.MapMethods(HostJson.PathOf(endpoint.Route), endpoint.Methods, context =>
                (endpoint.Access == EndpointAccess.Function && !key.Admits(context.Request)
                    ? new ProblemResult(KeyNeeded)
                    : endpoint.Handle(context.RequestServices, context.Request))
                .ExecuteAsync(context));
        }
    }

    private static Problem KeyNeeded { get; } = Problem.Unauthorized(
        "This endpoint needs a function key: give it in the header x-functions-key, or as ?code=.");

    private static Problem UnknownRoute(IReadOnlyList<StreamEndpoint> endpoints) => Problem.NotFound(
        "There is no such route. The routes are: "
        + string.Join(", ", endpoints.Select(endpoint => HostJson.PathOf(endpoint.Route))) + ".");
}
