using Microsoft.Extensions.Configuration;

namespace ChunkStream.App.Telemetry;

/// <summary>
/// What the standard environment variables say about telemetry. Without them it is off, and not even its assemblies are
/// loaded.
/// </summary>
public static class TelemetrySettings
{
    private const string Disabled = "OTEL_SDK_DISABLED";
    private const string OtlpEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string AzureMonitor = "APPLICATIONINSIGHTS_CONNECTION_STRING";

    /// <summary>Whether an OTLP endpoint is set, and telemetry is not disabled.</summary>
    /// <param name="configuration">The app's configuration, with its environment variables.</param>
    public static bool UsesOtlp(IConfiguration configuration) => Has(configuration, OtlpEndpoint);

    /// <summary>Whether a resource of Application Insights is set, and telemetry is not disabled.</summary>
    /// <param name="configuration">The app's configuration, with its environment variables.</param>
    public static bool UsesAzureMonitor(IConfiguration configuration) => Has(configuration, AzureMonitor);

    private static bool Has(IConfiguration configuration, string setting)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return !string.IsNullOrWhiteSpace(configuration[setting])
            && !string.Equals(configuration[Disabled]?.Trim(), "true", StringComparison.OrdinalIgnoreCase);
    }
}
