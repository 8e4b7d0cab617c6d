using ChunkStream.Functions.Tests.Support;
using Microsoft.Extensions.Logging;

namespace ChunkStream.Functions.Tests.App;

public sealed class RefusedStreamTests
{
    [Fact]
    public async Task Each_refused_stream_is_one_event_whatever_refuses_it()
    {
        using var queries = new QueryFiles()
            .With("broken", "-- parameter: nothing").With("keyed", "-- key: n\nselect 1 n");
        await using var api = await LocalApi.StartAsync(
            settings: [queries.Setting, ("ChunkStream:ResumeKey", "a key for tests that nobody guesses")]);
        (string Path, string Accept, int Status, string Event)[] refused =
        [
            ("lines?count=zz", "*/*", 400, "lines ended: Refused (invalid-parameters)"),
            ("lines", "image/png", 406, "lines ended: Refused (not-acceptable)"),
            ("messages?nothing=1", "*/*", 400, "messages ended: Refused (invalid-parameters)"),
            ("lines?record=a&intervalMs=x", "*/*", 400, "lines ended: Refused (invalid-parameters)"),
            ("lines?record=a", "*/*", 503, "lines ended: Refused (unavailable"),
            ("db-stream", "*/*", 404, "db-stream ended: Refused (not-found)"),
            ("queries/none", "*/*", 404, "query ended: Refused (not-found)"),
            ("queries/broken", "*/*", 500, "query ended: Refused (broken-query)"),
            ("queries/keyed?limit=x", "*/*", 400, "query/keyed ended: Refused (invalid-parameters)"),
            ("queries/keyed?resume=x", "*/*", 400, "query/keyed ended: Refused (invalid-resume-token)"),
            ("queries/keyed", "*/*", 503, "query/keyed ended: Refused (unavailable"),
            ("public/queries/none", "*/*", 404, "public-query ended: Refused (not-found)"),
            ("streams/a?offset=x", "*/*", 400, "streams ended: Refused (invalid-parameters)"),
            ("streams/a", "*/*", 503, "streams ended: Refused (unavailable"),
            ("public/streams/a", "*/*", 403, "public-streams ended: Refused (not-public)"),
        ];

        var before = 0;
        foreach (var (path, accept, status, expected) in refused)
        {
            foreach (var method in new[] { HttpMethod.Head, HttpMethod.Get })
            {
                using var request = new HttpRequestMessage(method, $"/api/{path}");
                request.Headers.TryAddWithoutValidation("Accept", accept);
                using var response = await api.Client.SendAsync(request).Within();
                if (method == HttpMethod.Get)
                    Assert.Equal((path, status), (path, (int)response.StatusCode));
            }

            // If HEAD logged an event too, it would come before the GET's; if GET logged two, the second would
            // come before the next path's.
            await Bounded.Until(() => Task.FromResult(Ended().Length > before), $"the event of {path}");
            Assert.StartsWith($"Stream {expected}", Ended()[before].Message, StringComparison.Ordinal);
            Assert.Equal(status < 500 ? LogLevel.Information : LogLevel.Warning, Ended()[before].Level);
            before++;
        }

        Assert.Equal(refused.Length, Ended().Length);

        RecordedLog.Entry[] Ended() => [.. api.Log.Entries.Where(entry => entry.Event.Name == "StreamEnded")];
    }
}
