using System.Net;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.App;

/// <summary>SQL may raise errors that a client is shown, in query files that declare it.</summary>
[Collection(RealPostgres.Collection)]
public sealed class RaisedProblemTests(RealPostgres postgres)
{
    [Fact]
    public async Task What_SQL_raises_is_the_answer_where_the_file_says_so()
    {
        await postgres.ExecuteAsync(
            """
            drop schema if exists raised cascade; create schema raised;
            create function raised.refuse(code text, hint text) returns text volatile language plpgsql as
            $$ begin if hint is null then raise exception 'No "room" ✗' using errcode = code; end if;
            raise exception 'No "room" ✗' using errcode = code, hint = hint; end $$
            """);
        const string Sql =
            "-- param: state text\n-- param: hint text = null\n-- param: at integer = 1\n"
            + "select n, case when n = @at then raised.refuse(@state, @hint) end as a from generate_series(1, 3000) n";
        var files = new QueryFiles()
            .With("shown", "-- errors: shown\n" + Sql)
            .With("hidden", Sql)
            .With("wrong", "-- errors: all\n" + Sql);
        await using var api = await LocalApi.ServingAsync(postgres.ConnectionString, files);

        foreach (var (code, status) in new[] { ("PT404", 404), ("PT503", 503), ("PT402", 402), ("P0001", 400) })
        {
            using var shown = await api.GetAsync($"/api/queries/shown?state={code}&hint=Later");
            Assert.Equal((code, status), (code, (int)shown.StatusCode));
            var problem = await shown.ProblemAsync();
            Assert.Equal("urn:chunkstream:raised", (string?)problem["type"]);
            Assert.Equal("No \"room\" ✗", (string?)problem["detail"]);
            Assert.Equal("Later", (string?)problem["hint"]);

            using var hidden = await api.GetAsync($"/api/queries/hidden?state={code}");
            Assert.Equal((code, HttpStatusCode.InternalServerError), (code, hidden.StatusCode));
            Assert.DoesNotContain("room", await hidden.Content.ReadAsStringAsync().Within(), StringComparison.Ordinal);
        }

        // Codes without an HTTP error status, and failures that were not raised for a client, are not shown.
        foreach (var code in new[] { "PT200", "PT600", "22012", "P0002" })
        {
            using var other = await api.GetAsync($"/api/queries/shown?state={code}");
            Assert.Equal((code, HttpStatusCode.InternalServerError), (code, other.StatusCode));
            Assert.DoesNotContain("room", await other.Content.ReadAsStringAsync().Within(), StringComparison.Ordinal);
        }

        foreach (var (query, isShown) in new[] { ("shown", true), ("hidden", false) })
        {
            foreach (var format in new[] { "frames", "sse" })
            {
                using var later = await api.GetAsync($"/api/queries/{query}?state=PT409&at=2000&format={format}");
                Assert.Equal(HttpStatusCode.OK, later.StatusCode);
                await using var body = await later.Content.ReadAsStreamAsync();
                var text = await body.ReadUntilAsync("urn:chunkstream:");
                Assert.Equal(
                    isShown,
                    text.Contains("\"status\":409,\"detail\":\"No \\\"room\\\" ✗\"}", StringComparison.Ordinal));
                Assert.Equal(isShown, text.Contains("urn:chunkstream:raised", StringComparison.Ordinal));
            }
        }

        using var wrong = await api.GetAsync("/api/queries/wrong?state=P0001");
        Assert.Equal("urn:chunkstream:broken-query", (string?)(await wrong.ProblemAsync())["type"]);
        await api.Log.FindAsync(
            entry => entry.Message.Contains("'errors' is shown, but here it is 'all'.", StringComparison.Ordinal),
            "the log says what is wrong");
    }
}
