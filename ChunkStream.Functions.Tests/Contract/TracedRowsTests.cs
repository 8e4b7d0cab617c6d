using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Contract;

/// <summary>The spans of a query's stream: its database's, what happens to it, and what it resumes.</summary>
[Collection(RealPostgres.Collection)]
public sealed class TracedRowsTests(RealPostgres postgres)
{
    // More rows than fit into sockets and buffers, and than one batch of FETCHes has.
    private const int Rows = 20_000;

    private const string Table =
        "drop table if exists traced; create table traced as select n, repeat('x', 1000) as filler "
        + "from generate_series(1, 20000) n; create unique index on traced (n); "
        + "alter table traced alter n set not null";

    [Fact]
    public async Task The_database_has_spans_within_it_without_text_and_values()
    {
        await postgres.ExecuteAsync(Table);
        using var spans = new RecordedSpans();
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString,
            "-- param: least int = 0\n"
                + "select n, filler, 'a secret of the author' as words from traced where n > @least");

        var (body, stream, others) = await spans.ReadAsync(api, "/api/db-stream?least=13579");

        Assert.Equal(Rows - 13579, body.Count(letter => letter == '\n'));
        var database = others.Where(span => span.Source.Name == "Npgsql").ToArray();
        Assert.All(database, span => Assert.Equal(stream.SpanId, span.ParentSpanId));
        Assert.Single(database, span => span.DisplayName == "describe rows");

        // One span, although the cursor is read in many batches.
        var cursor = Assert.Single(database, span => span.DisplayName == "cursor rows");
        Assert.Equal("cursor rows", cursor.GetTagItem("db.query.summary"));
        Assert.Equal("postgresql", cursor.GetTagItem("db.system.name"));

        // A time may have the same digits by chance.
        var told = database.Append(stream).SelectMany(span => span.TagObjects).Where(tag => tag.Value is not double)
            .Select(tag => $"{tag.Key}={tag.Value}");
        Assert.DoesNotContain(told, tag => tag.Contains("13579", StringComparison.Ordinal)
            || tag.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_happens_to_its_connection_is_among_its_events()
    {
        await postgres.ExecuteAsync(Table);
        using var spans = new RecordedSpans();
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString, "-- key: n\nselect * from traced",
            ("ChunkStream:Postgres:StallSeconds", "1"));

        // The reader takes nothing until the connection is given back; then the server ends the one that is taken next.
        var (response, trace) = await spans.GetAsync(api, "/api/db-stream");
        using (response)
        {
            await using var body = await response.Content.ReadAsStreamAsync();
            await body.ReadSomeAsync();
            await postgres.AssertNothingRunsAsync();
            var (taken, ended) = (0, 0L);
            while (await body.ReadSomeAsync() is { Length: > 0 } more)
            {
                // Once more if it was just given back again, because this machine is slow.
                taken += more.Length;
                if (taken >= 10_000_000 && ended == 0)
                {
                    ended = await postgres.ScalarAsync<long>(
                        "select count(pg_terminate_backend(pid)) from pg_stat_activity "
                        + "where application_name = 'ChunkStream' and state <> 'idle'");
                }
            }

            Assert.Equal(1, ended);
        }

        var (stream, _) = await spans.EndedAsync(trace);
        Assert.Equal("Completed", stream.GetTagItem("chunkstream.outcome"));
        Assert.Equal((long)Rows, stream.GetTagItem("chunkstream.records"));
        Assert.Equal(ActivityStatusCode.Unset, stream.Status);

        // How long the reader took nothing depends on the machine.
        var happened = stream.Events.Select(Described).Where(one => one.Name != "chunkstream.stall").ToArray();
        Assert.Equal("chunkstream.connection.returned", happened[0].Name);
        Assert.Equal(("chunkstream.continued", "reader", null, happened[0].Records), happened[1]);
        // A backend that is ended while it sends rows may not get to say why.
        Assert.Contains(happened, one => one is { Reason: "failure", Error: "57P01" or "NpgsqlException" });
        Assert.True((int)stream.GetTagItem("chunkstream.continuations")! >= 2);
    }

    [Theory]
    [InlineData("frames")]
    [InlineData("sse")]
    public async Task Segments_of_a_stream_on_several_instances_are_linked_with_the_first(string format)
    {
        await postgres.ExecuteAsync(Table);
        const string Query = "-- key: n\nselect * from traced";
        using var spans = new RecordedSpans();
        await using var first = await ServingAsync();
        await using var second = await ServingAsync();
        await using var third = await ServingAsync();

        var (begun, firstTrace) = await spans.GetAsync(first, $"/api/db-stream?format={format}");
        var token = await ContinuedAsync(first, begun);
        var (resumed, secondTrace) = await spans.GetAsync(second, $"/api/db-stream?format={format}&resume={token}");
        token = await ContinuedAsync(second, resumed);
        var (_, last, _) = await spans.ReadAsync(third, $"/api/db-stream?format={format}&resume={token}");

        var (one, _) = await spans.EndedAsync(firstTrace);
        var (two, _) = await spans.EndedAsync(secondTrace);
        Assert.Equal("Continued", one.GetTagItem("chunkstream.outcome"));
        Assert.Equal(ActivityStatusCode.Unset, one.Status);
        Assert.Empty(one.Links);
        foreach (var next in new[] { two, last })
        {
            var link = Assert.Single(next.Links).Context;
            Assert.Equal((one.TraceId, one.SpanId), (link.TraceId, link.SpanId));
            Assert.NotEqual(one.TraceId, next.TraceId);
            var continued = Described(next.Events.First());
            Assert.Equal(("chunkstream.continued", "client"), (continued.Name, continued.Reason));
            Assert.InRange(continued.Records, 1, Rows - 1);
        }

        var rows = new[] { one, two, last }.Sum(span => (long)span.GetTagItem("chunkstream.records")!);
        Assert.Equal(Rows, rows);

        Task<LocalApi> ServingAsync() => LocalApi.ServingAsync(
            postgres.ConnectionString, Query, ("ChunkStream:Streaming:ShutdownSeconds", "0"));

        // The instance is told to stop while the stream is under way.
        async Task<string> ContinuedAsync(LocalApi api, HttpResponseMessage response)
        {
            using var _ = response;
            await using var body = await response.Content.ReadAsStreamAsync();
            var text = await body.ReadSomeAsync();
            var stopping = api.StopAsync();
            while (await body.ReadSomeAsync() is { Length: > 0 } more)
                text += more;
            await stopping.Within();
            return Regex.Match(text, "\"continue\":\"([^\"]+)\"").Groups[1].Value;
        }
    }

    [Fact]
    public async Task A_token_is_no_longer_where_nobody_traces_and_names_the_first_request_where_somebody_did()
    {
        await postgres.ExecuteAsync(Table);
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString, "-- key: n\nselect n from traced",
            ("ChunkStream:Streaming:FlushBytes", "1"));
        const string Path = "/api/db-stream?format=frames&limit=3";

        // The fingerprints, the rows, one key of one digit, and the signature: 28 bytes.
        var plain = Checkpoints(await api.Client.GetStringAsync(Path).Within());
        Assert.All(plain, token => Assert.Equal(38, token.Length));

        string[] traced;
        using (var spans = new RecordedSpans())
        {
            var (body, stream, _) = await spans.ReadAsync(api, Path);
            traced = Checkpoints(body);
            Assert.All(traced, token => Assert.Equal(71, token.Length));

            // Its rows are the same, wherever it is resumed, and its link leads to the first request.
            var (rest, next, _) = await spans.ReadAsync(api, $"{Path}&resume={traced[0]}");
            Assert.Equal(stream.SpanId, Assert.Single(next.Links).Context.SpanId);
            Assert.Equal(traced[1..], Checkpoints(rest));

            // Events of server-sent events have an id each, so theirs stay short.
            var (events, _, _) = await spans.ReadAsync(api, "/api/db-stream?format=sse&limit=3");
            var ids = Regex.Matches(events, "^id: (.+)$", RegexOptions.Multiline).Select(id => id.Groups[1].Value);
            Assert.Equal([38, 38, 38], ids.Where(id => id != "end").Select(id => id.Length));
        }

        // An instance that traces nothing hands on what it was given.
        var resumed = await api.Client.GetStringAsync($"{Path}&resume={traced[0]}").Within();
        Assert.Equal(traced[1..], Checkpoints(resumed));
    }

    private static (string Name, string? Reason, string? Error, long Records) Described(ActivityEvent happened)
    {
        var tags = happened.Tags.ToDictionary();
        return (
            happened.Name,
            (string?)tags.GetValueOrDefault("chunkstream.reason"),
            (string?)tags.GetValueOrDefault("error.type"),
            (long?)tags.GetValueOrDefault("chunkstream.records") ?? -1);
    }

    private static string[] Checkpoints(string frames)
        => [.. frames.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonNode.Parse(line)?["checkpoint"]?.GetValue<string>()).OfType<string>()];
}
