using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Resources;

namespace ChunkStream.App.Telemetry;

/// <summary>
/// OpenTelemetry as both hosts have it: the spans, the measurements and the log of the engine, of the database driver
/// and of the runtime.
/// </summary>
/// <remarks>
/// Calling any member of this type loads the assemblies of OpenTelemetry, so ask <see cref="TelemetrySettings"/>
/// before, in another method.
/// </remarks>
public static class AppTelemetry
{
    private const string Npgsql = "Npgsql";

    private static readonly string[] Meters =
    [
        ChunkStreamTelemetry.MeterName, Npgsql, "System.Runtime",
        "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel",
    ];

    /// <summary>
    /// Adds OpenTelemetry, and the exporter for OTLP if an endpoint is set. All else is read from OpenTelemetry's own
    /// environment variables.
    /// </summary>
    /// <param name="builder">The host's builder.</param>
    /// <returns>The builder to which a host adds what it alone has.</returns>
    public static IOpenTelemetryBuilder Add(IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.Configure<OpenTelemetryLoggerOptions>(log => log.IncludeFormattedMessage = true);
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(Identify)
            .WithTracing(tracing => tracing.AddSource(ChunkStreamTelemetry.ActivitySourceName, Npgsql))
            .WithMetrics(metrics => metrics.AddMeter(Meters))
            .WithLogging();
        return TelemetrySettings.UsesOtlp(builder.Configuration) ? telemetry.UseOtlpExporter() : telemetry;
    }

    // Counters of several instances must not be taken for one counter that jumps. What the operator says wins.
    private static void Identify(ResourceBuilder resource) => resource
        .AddAttributes([new("service.instance.id", Guid.NewGuid().ToString())])
        .AddEnvironmentVariableDetector();
}
