using ChunkStream.Functions.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace ChunkStream.Functions.Tests.Streaming;

public sealed class ShutdownTimeTests
{
    [Fact]
    public async Task Open_streams_go_on_for_as_long_as_their_settings_say_also_where_the_host_would_wait_for_less()
    {
        var isLastDue = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var api = await PlainApi.StartAsync(
            app => app.MapGet("/rows", () => StreamResults.Items(_ => RowsAsync(isLastDue.Task))),
            services => services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(0.2)),
            streaming => streaming.ShutdownSeconds = 60);
        using var response = await api.GetAsync("/rows?format=text");
        await using var body = await response.Content.ReadAsStreamAsync();
        Assert.Equal("first\n", await body.ReadSomeAsync());

        var stopping = api.StopAsync();
        await Task.Delay(TimeSpan.FromSeconds(0.6)); // by now the host has lost its patience, if it has too little
        isLastDue.SetResult();

        Assert.Equal("last\n", await body.ReadSomeAsync());
        Assert.Equal("", await body.ReadSomeAsync());
        await stopping.Within();
    }

    [Theory]
    [InlineData(3, 30, 30)]
    [InlineData(60, 30, 62)]
    [InlineData(60, -0.001, -0.001)]
    public void A_host_waits_for_that_and_a_little_more_or_for_as_long_as_it_would_anyhow(
        double shutdownSeconds, double hostSeconds, double expectedSeconds)
    {
        var services = new ServiceCollection();
        services.AddSingleton<Microsoft.Extensions.Configuration.IConfiguration>(
            new Microsoft.Extensions.Configuration.ConfigurationManager());
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(hostSeconds));
        services.AddChunkStream(streaming => streaming.ShutdownSeconds = shutdownSeconds);
        using var provider = services.BuildServiceProvider();

        Assert.Equal(
            TimeSpan.FromSeconds(expectedSeconds),
            provider.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout);
    }

    private static async IAsyncEnumerable<string> RowsAsync(Task isLastDue)
    {
        yield return "first";
        await isLastDue;
        yield return "last";
    }
}
