using System.Net;
using ChunkStream.App;
using ChunkStream.Functions.Tests.DurableStreams;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.LocalHost;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream.Functions.Tests.App;

[Collection(RealPostgres.Collection)]
public sealed class DeclaredRecordingTests(RealPostgres postgres)
{
    private const string Key = "a-key-of-some-length";

    [Fact]
    public async Task A_generator_that_needs_a_key_is_recorded_also_where_those_without_are_not()
    {
        var starts = 0;
        var app = new LocalApp().Add(builder =>
        {
            builder.AddTestGenerators();
            builder.AddGenerator(new GeneratorEndpoint<string>(
                "counted", "Counts its starts", (_, _) => new[] { $"start {++starts}" }.ToAsyncEnumerable())
            {
                IsRecordable = true,
            });
        });
        await using var api = await LocalApi.StartAsync(app, postgres.ConnectionString, Key);
        var record = $"?code={Key}&record={DurableCalls.NewPath().Replace('/', '-')}";

        Assert.Equal("start 1\n", await api.Client.GetStringAsync("/api/counted" + record).Within());
        Assert.Equal("start 1\n", await api.Client.GetStringAsync("/api/counted" + record).Within());
        using var refused = await api.GetAsync("/api/lines" + record + "&count=1");
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }
}
