using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.FunctionsHost;

namespace ChunkStream.Functions.Tests.Functions;

/// <summary>What has expired or was deleted is swept by the timer, and by nothing else.</summary>
[Collection(RunningFunctionApp.Collection)]
public sealed class SweepTests(RunningFunctionApp running)
{
    [Fact]
    public async Task The_timer_s_function_removes_what_has_expired_and_the_process_itself_does_not()
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, "/api/streams/expires");
        request.Headers.Add("Stream-TTL", "1");
        request.Content = new StringContent("soon gone");
        using var created = await running.Client.SendAsync(request).Within();
        Assert.True(created.IsSuccessStatusCode);
        await Bounded.Until(
            async () => await running.Postgres.ScalarAsync<bool>(
                "select due_at < clock_timestamp() - interval '1.2 s' from chunkstream.streams where path = 'expires'"),
            "the stream has expired, and a sweep that runs each second would have removed it");
        Assert.Equal(1, await CountAsync());

        var swept = await running.App.RunTimer("sweep-streams").Ended.Within();

        Assert.Equal(StatusResult.Types.Status.Success, swept.Status);
        Assert.Equal(0, await CountAsync());
    }

    private Task<long> CountAsync()
        => running.Postgres.ScalarAsync<long>("select count(*) from chunkstream.streams where path = 'expires'");
}
