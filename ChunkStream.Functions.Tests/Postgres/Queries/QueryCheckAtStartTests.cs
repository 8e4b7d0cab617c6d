using System.Runtime.CompilerServices;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres.Queries;

public sealed class QueryCheckAtStartTests
{
    [Fact]
    public async Task A_request_for_which_a_process_was_started_is_answered_before_queries_are_read_or_a_pool_is_made()
    {
        using var queries = new QueryFiles().With("broken", "-- param: nameless\nselect 1 as n");
        var builders = 0;
        PlainApi? api = null;
        (int Builders, bool IsBrokenKnown) atFirstItem = default;
        await using var started = api = await PlainApi.StartAsync(
            app => app.MapGet("/items", () => StreamResults.Items(Items)),
            services =>
            {
                services.AddChunkStream().AddPostgres(_ => CountedBuilder()).AddQueries().AddDurableStreams();
                services.AddSingleton(new FirstResponse(TimeSpan.FromHours(1)));
            },
            settings: queries.Setting);

        var text = await api.TextAsync("/items");

        Assert.Contains("one", text, StringComparison.Ordinal);
        Assert.Equal((0, false), atFirstItem);
        await Bounded.Until(() => Task.FromResult(IsBrokenKnown()), "the log says that a query file is broken");
        Assert.NotEqual(0, builders);

        bool IsBrokenKnown() => api!.Log.Entries.Any(entry => entry.Event.Name == "QueryBroken");

        NpgsqlDataSourceBuilder CountedBuilder()
        {
            Interlocked.Increment(ref builders);
            return new NpgsqlDataSourceBuilder("Host=127.0.0.1;Port=1;Username=nobody;Timeout=1");
        }

        async IAsyncEnumerable<string> Items([EnumeratorCancellation] CancellationToken cancellation)
        {
            atFirstItem = (Volatile.Read(ref builders), IsBrokenKnown());
            await Task.CompletedTask;
            yield return "one";
        }
    }
}
