using System.Runtime.CompilerServices;
using Azure.Identity;
using Azure.Monitor.OpenTelemetry.Exporter;
using ChunkStream.App.Telemetry;
using Microsoft.Azure.Functions.Worker.OpenTelemetry;
using Microsoft.Extensions.Hosting;

namespace ChunkStream.Functions.Telemetry;

/// <summary>
/// OpenTelemetry in the function app, where Application Insights or an OTLP endpoint is set. The host has its own, by
/// <c>telemetryMode</c> in host.json, and sends to the same places.
/// </summary>
internal static class FunctionsTelemetry
{
    /// <summary>Adds it if the app's settings ask for it.</summary>
    /// <exception cref="FormatException">The setting of the login is not one.</exception>
    public static void AddIfWanted(IHostApplicationBuilder builder)
    {
        var usesAzureMonitor = TelemetrySettings.UsesAzureMonitor(builder.Configuration);
        if (usesAzureMonitor || TelemetrySettings.UsesOtlp(builder.Configuration))
            Add(builder, usesAzureMonitor);
    }

    // Inlined, it would load the assemblies of OpenTelemetry also where telemetry is off.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Add(IHostApplicationBuilder builder, bool usesAzureMonitor)
    {
        // With this the host leaves the worker's log to the worker, and each line is sent once.
        var telemetry = AppTelemetry.Add(builder).UseFunctionsWorkerDefaults();
        if (!usesAzureMonitor)
            return;

        var login = ApplicationInsightsLogin.Parse(builder.Configuration[ApplicationInsightsLogin.Setting]);
        telemetry.UseAzureMonitorExporter(options =>
        {
            // Traces are samples; the one line of each stream is not, whatever became of its trace.
            options.EnableTraceBasedLogsSampler = false;
            if (login.UsesIdentity)
                options.Credential = Credential(login);
        });
    }

    private static ManagedIdentityCredential Credential(ApplicationInsightsLogin login) => new(
        login.ClientId is { } id
            ? ManagedIdentityId.FromUserAssignedClientId(id)
            : ManagedIdentityId.SystemAssigned);
}
