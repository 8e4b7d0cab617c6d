using System.Runtime.CompilerServices;
using ChunkStream.App;
using ChunkStream.App.Telemetry;
using OpenTelemetry;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace ChunkStream.LocalHost.Web;

/// <summary>OpenTelemetry in the local host, where an OTLP endpoint is set.</summary>
internal static class LocalTelemetry
{
    /// <summary>Adds it if the environment asks for it.</summary>
    public static void AddIfWanted(WebApplicationBuilder builder)
    {
        if (TelemetrySettings.UsesOtlp(builder.Configuration))
            Add(builder);
    }

    // Inlined, it would load the assemblies of OpenTelemetry also where telemetry is off.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Add(WebApplicationBuilder builder) => AppTelemetry.Add(builder)
        .ConfigureResource(resource => resource
            .AddService(builder.Environment.ApplicationName, autoGenerateServiceInstanceId: false)
            .AddEnvironmentVariableDetector())
        .WithTracing(tracing => tracing.AddAspNetCoreInstrumentation(
            // A load balancer asks every few seconds, and nobody wants to read that.
            web => web.Filter = http => http.Request.Path != HostJson.PathOf(EndpointTable.HealthRoute)));
}
