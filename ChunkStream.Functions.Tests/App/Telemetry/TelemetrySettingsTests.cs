using ChunkStream.App.Telemetry;
using Microsoft.Extensions.Configuration;

namespace ChunkStream.Functions.Tests.App.Telemetry;

/// <summary>The standard environment variables alone switch telemetry on.</summary>
public sealed class TelemetrySettingsTests
{
    [Theory]
    [InlineData(null, null, null, false, false)]
    [InlineData("", " ", null, false, false)]
    [InlineData("http://localhost:4317", null, null, true, false)]
    [InlineData(null, "InstrumentationKey=1", "false", false, true)]
    [InlineData("http://localhost:4317", "InstrumentationKey=1", "", true, true)]
    [InlineData("http://localhost:4317", "InstrumentationKey=1", "true", false, false)]
    [InlineData("http://localhost:4317", "InstrumentationKey=1", "TRUE ", false, false)]
    public void Each_exporter_is_used_where_its_destination_is_set(
        string? endpoint, string? connection, string? disabled, bool usesOtlp, bool usesAzureMonitor)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint,
            ["APPLICATIONINSIGHTS_CONNECTION_STRING"] = connection,
            ["OTEL_SDK_DISABLED"] = disabled,
        }).Build();

        Assert.Equal(usesOtlp, TelemetrySettings.UsesOtlp(configuration));
        Assert.Equal(usesAzureMonitor, TelemetrySettings.UsesAzureMonitor(configuration));
    }

    [Theory]
    [InlineData(null, false, null)]
    [InlineData("", false, null)]
    [InlineData("Authorization=AAD", true, null)]
    [InlineData(" authorization = aad ; ", true, null)]
    [InlineData("Authorization=AAD;ClientId=1b4e28ba", true, "1b4e28ba")]
    [InlineData("ClientId=1b4e28ba;Authorization=AAD", true, "1b4e28ba")]
    public void The_login_of_application_insights_is_read_as_the_host_reads_it(
        string? text, bool usesIdentity, string? clientId)
        => Assert.Equal(new ApplicationInsightsLogin(usesIdentity, clientId), ApplicationInsightsLogin.Parse(text));

    [Theory]
    [InlineData("AAD")]
    [InlineData("Authorization=Key")]
    [InlineData("ClientId=1b4e28ba")]
    [InlineData("Authorization=AAD;ClientId=")]
    [InlineData("Authorization=AAD;Tenant=x")]
    public void A_login_that_is_none_is_refused_with_what_is_allowed(string text)
    {
        var failure = Assert.Throws<FormatException>(() => ApplicationInsightsLogin.Parse(text));

        Assert.Contains(ApplicationInsightsLogin.Setting, failure.Message, StringComparison.Ordinal);
        Assert.Contains("Authorization=AAD", failure.Message, StringComparison.Ordinal);
        Assert.Contains($"'{text}'", failure.Message, StringComparison.Ordinal);
    }
}
