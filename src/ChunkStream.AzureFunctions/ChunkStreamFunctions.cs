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
    /// <summary>
    /// Adds ChunkStream, as <c>AddChunkStream()</c> does, and what a stream needs on the platform: it ends before
    /// <c>functionTimeout</c> of host.json would end it, it ends with its call, and what the engine logs outside of calls
    /// reaches the host's log.
    /// </summary>
    /// <param name="builder">The app's builder, after <c>ConfigureFunctionsWebApplication()</c>.</param>
    /// <param name="configure">Changes the settings, after the configuration.</param>
    /// <exception cref="InvalidOperationException">The app has no ASP.NET Core integration yet.</exception>
    /// <exception cref="FormatException"><c>functionTimeout</c> is no time.</exception>
    public static ChunkStreamBuilder UseChunkStream(this FunctionsApplicationBuilder builder, Action<StreamingOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (builder.Services.All(service => service.ServiceType.Name != "IHttpCoordinator"))
        {
            throw new InvalidOperationException(
                "ChunkStream streams through ASP.NET Core: call builder.ConfigureFunctionsWebApplication() before builder.UseChunkStream().");
        }

        builder.UseMiddleware<InvocationMiddleware>();
        builder.Logging.AddProvider(new EngineConsole());
        builder.Services.AddSingleton(PlatformTimeLimit.Read(Settings(builder.Configuration)));
        return builder.Services.AddChunkStream(configure);
    }

    // The file lies beside the program. Not all of it becomes configuration of the app: its section "logging" is the host's.
    private static IConfiguration Settings(IConfiguration app) => new ConfigurationBuilder()
        .AddJsonFile(Path.Combine(AppContext.BaseDirectory, "host.json"), optional: true)
        .AddConfiguration(app)
        .Build();
}
