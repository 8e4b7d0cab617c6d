using ChunkStream.AzureFunctions;
using ChunkStream.Streaming;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Microsoft.Extensions.Hosting;

/// <summary>Prepares a function app for streams.</summary>
public static class ChunkStreamFunctions
{
    // The platform starts most processes for a request, which comes within seconds, and others in reserve.
    private static readonly TimeSpan NoRequest = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Adds ChunkStream, as <c>AddChunkStream()</c> does, and what a stream needs on the platform: a stream ends itself
    /// before <c>functionTimeout</c> in host.json would cut it, it ends when its invocation ends, and what the engine
    /// logs between invocations reaches the host's log.
    /// </summary>
    /// <param name="builder">
    /// The app's builder; <c>ConfigureFunctionsWebApplication()</c> must have been called on it.
    /// </param>
    /// <param name="configure">Changes the settings after they were read from the configuration.</param>
    /// <returns>The builder to which <c>AddPostgres()</c> and others add more.</returns>
    /// <exception cref="InvalidOperationException">The app does not use the ASP.NET Core integration yet.</exception>
    /// <exception cref="FormatException"><c>functionTimeout</c> is not a time.</exception>
    public static ChunkStreamBuilder UseChunkStream(
        this FunctionsApplicationBuilder builder, Action<StreamingOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (builder.Services.All(service => service.ServiceType.Name != "IHttpCoordinator"))
        {
            throw new InvalidOperationException(
                "ChunkStream streams through ASP.NET Core: "
                + "call builder.ConfigureFunctionsWebApplication() before builder.UseChunkStream().");
        }

        builder.UseMiddleware<InvocationMiddleware>();
        builder.Logging.AddProvider(new EngineConsole());

        // At Information it logs each request's address, with the function key or the capability that may be in it.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning);
        builder.Services.AddSingleton(new FirstResponse(NoRequest));
        builder.Services.AddSingleton(PlatformTimeLimit.Read(Settings(builder.Configuration)));
        return builder.Services.AddChunkStream(configure);
    }

    // host.json lies beside the program. It is not added to the app's configuration, because its section "logging"
    // would then configure the worker's log, and is meant for the host's.
    private static IConfiguration Settings(IConfiguration app) => new ConfigurationBuilder()
        .AddJsonFile(Path.Combine(AppContext.BaseDirectory, "host.json"), optional: true)
        .AddConfiguration(app)
        .Build();
}
